import assert from 'node:assert/strict'
import type { AbandonedTask, DrainReport } from '@afterword/lifecycle-core'
import { gate } from '../latch.js'
import type { AppOptions, Rig } from '../rig.js'
import type { Rule } from '../rule.js'

/** Drains while one task is stuck and others wait behind it, in the order of their names. */
async function abandon(rig: Rig, options: AppOptions, check: (report: DrainReport, ran: readonly string[]) => unknown): Promise<void> {
  const began = gate()
  const release = gate()
  const ran: string[] = []
  const stuck = async (): Promise<void> => {
    began.open()
    await release.opened
  }
  await rig.serve(
    ({ exchange, reply }) => {
      exchange.after(stuck, { name: 'a', descriptor: { kind: 'mail', to: ['x'] } })
      exchange.after(() => ran.push('b'), { name: 'b', descriptor: 'b' })
      exchange.after(() => ran.push('c'), { name: 'c' })
      reply(200, 'hello')
    },
    async (app) => {
      await app.ask()
      await began.opened
      const report = await app.lifecycle.drain({ server: app.server, timeout: 20, handOverTimeout: 50 })
      release.open()
      await app.lifecycle.idle()
      await check(report, ran)
      const { pendingAtStart, scheduled, completed, failed, timedOut, cancelled, refused, abandoned, lost } = report.tasks
      assert.equal(pendingAtStart + scheduled, completed + failed + timedOut + cancelled + refused + abandoned)
      assert.equal(abandoned, lost.length)
    },
    { ...options, concurrency: 1 },
  )
}

/** What becomes of tasks that a drain could not finish. */
export const drainHandoverRules: readonly Rule[] = [
  {
    id: 'DRN-140',
    title: 'MUST hand over each task with a descriptor that it could not finish, and run none of them that had not begun',
    run: async (rig) => {
      const taken: AbandonedTask[] = []
      const onAbandoned = async (task: AbandonedTask): Promise<void> => {
        await new Promise((resolve) => setImmediate(resolve))
        taken.push(task)
      }
      await abandon(rig, { onAbandoned }, ({ tasks, clean, phases }, ran) => {
        assert.deepEqual(taken.map(({ name, state, descriptor }) => ({ name, state, descriptor })), [
          { name: 'a', state: 'running', descriptor: { kind: 'mail', to: ['x'] } },
          { name: 'b', state: 'queued', descriptor: 'b' },
        ])
        assert.deepEqual(tasks.lost.map(({ name, handedOver }) => `${name} ${handedOver}`), ['a true', 'b true', 'c false'])
        const [{ handedOver: _, ...facts } = {}, ...others] = tasks.lost
        const [{ descriptor: __, ...given } = {}] = taken
        assert.deepEqual(given, facts)
        assert.equal(others.length, 2)
        assert.equal(clean, false)
        assert(phases.handOver > 0)
        assert.deepEqual(ran, ['c'], 'the process went on')
      })
    },
  },
  {
    id: 'DRN-141',
    title: 'MUST not wait for `onAbandoned` beyond its time, and report what it throws',
    run: async (rig) => {
      for (const way of ['throws', 'rejects', 'hangs']) {
        const faults: string[] = []
        const onAbandoned = ({ name }: AbandonedTask): unknown => {
          if (name === 'b') return undefined
          if (way === 'hangs') return new Promise(() => {})
          const error = new Error(way)
          if (way === 'throws') throw error
          return Promise.reject(error)
        }
        const onError: NonNullable<AppOptions['onError']> = (error, { source, task }) => faults.push(`${source} ${task} ${(error as Error).message}`)
        await abandon(rig, { onAbandoned, onError }, ({ tasks }) => {
          assert.deepEqual(tasks.lost.map(({ name, handedOver }) => `${name} ${handedOver}`), ['a false', 'b true', 'c false'])
          assert.deepEqual(faults, way === 'hangs' ? [] : [`subscriber a ${way}`])
        })
      }
    },
  },
  {
    id: 'DRN-142',
    title: 'MUST refuse a descriptor that JSON does not give back where the task is scheduled',
    run: async (rig) => {
      const codes: unknown[] = []
      await rig.serve(
        ({ exchange, reply }) => {
          for (const descriptor of [new Date(0), () => {}, { n: NaN }, new Map(), [undefined], 1n]) {
            try {
              exchange.after(() => codes.push('ran'), { descriptor })
            } catch (error) {
              codes.push((error as { code?: string }).code)
            }
          }
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          assert.deepEqual(codes, Array.from({ length: 6 }, () => 'ERR_LIFECYCLE_INVALID_OPTION'))
        },
      )
    },
  },
]
