import assert from 'node:assert/strict'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'

/** Listeners of the application that break the chain of events. */
export const drainCloseRules: readonly Rule[] = [
  {
    id: 'DRN-170',
    title: 'MUST end an exchange whose client has left, although the application throws in the first listener to the close of its response',
    needs: ['http1'],
    run: async (rig) => {
      const reached = gate()
      const strays = await withoutStrays(() =>
        rig.serve(
          ({ res }) => {
            res.prependListener('close', () => {
              throw new Error('not ours')
            })
            reached.open()
            return new Promise(() => {})
          },
          async (app) => {
            const client = new RawClient(app.port)
            await client.request('GET', '/')
            await reached.opened
            client.reset()
            const { reason } = await app.outcome()
            assert.equal(reason, 'client')
          },
        ),
      )
      assert.deepEqual(strays.map(String), ['Error: not ours'])
    },
  },
]

/** Collects what is thrown past everybody, in the place of those who usually do. */
async function withoutStrays(work: () => Promise<void>): Promise<unknown[]> {
  const strays: unknown[] = []
  const collect = (error: unknown) => strays.push(error)
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', collect)
  try {
    await work()
  } finally {
    process.off('uncaughtException', collect)
    for (const other of others) process.on('uncaughtException', other)
  }
  return strays
}
