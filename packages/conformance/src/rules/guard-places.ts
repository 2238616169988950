import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { runInThisContext } from 'node:vm'
import { channelNames, compose, type Middleware } from '@afterword/adapter-node'
import { Latch } from '../latch.js'
import type { Rule } from '../rule.js'

let files = 0

/** Middleware in a file of its own: a place is warned of once per process. */
function fromFile(source: string): { middleware: Middleware; file: string } {
  const filename = `/application/middleware-${process.pid}-${++files}.js`
  return { middleware: runInThisContext(source, { filename }) as Middleware, file: filename }
}

const source = `(req, res, next) => {
  res.end('replied')
  next()
}`

/** Where the guard says that it was. */
export const guardPlaceRules: readonly Rule[] = [
  {
    id: 'GRD-017',
    title: 'MUST warn of a stopped next() with both places, once per place, and publish every one, if call sites are noted; and neither warn nor name places if not',
    run: async (rig) => {
      for (const callSites of [true, false]) {
        const { middleware, file } = fromFile(source)
        const chain = compose(middleware)
        const warnings: string[] = []
        const stops = new Latch<unknown[]>()
        const onWarning = ({ name, message }: Error) => void (name === 'LifecycleWarning' && warnings.push(message))
        const onStop = (message: unknown) => {
          const { claimedAt, calledAt } = message as Record<string, unknown>
          stops.add([claimedAt, calledAt])
        }
        // The line on stderr is Node's own doing.
        const listeners = process.listeners('warning')
        for (const listener of listeners) process.off('warning', listener)
        process.on('warning', onWarning)
        subscribe(channelNames.nextStopped, onStop)
        try {
          await rig.serve(
            ({ req, res }) => chain(req as Parameters<typeof chain>[0], res),
            async (app) => {
              for (const round of [1, 2, 3]) {
                assert.equal((await app.ask()).body, 'replied')
                await stops.nth(round)
              }
              await new Promise((resolve) => setImmediate(resolve))
            },
            { guard: true, callSites },
          )
        } finally {
          unsubscribe(channelNames.nextStopped, onStop)
          process.off('warning', onWarning)
          for (const listener of listeners) process.on('warning', listener)
        }
        const places = callSites ? [`${file}:2:7`, `${file}:3:3`] : [null, null]
        assert.deepEqual(stops.items, [places, places, places])
        assert.equal(warnings.length, callSites ? 1 : 0)
        if (callSites) assert.match(warnings[0] as string, new RegExp(`next\\(\\) was called at ${file}:3:3, after the response was claimed at ${file}:2:7`))
      }
    },
  },
]
