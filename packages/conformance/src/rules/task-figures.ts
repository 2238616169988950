import { AsyncLocalStorage } from 'node:async_hooks'
import assert from 'node:assert/strict'
import { current, type LifecycleStats, type TaskHandle, waitUntil } from '@afterword/lifecycle-core'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { App } from '../rig.js'
import type { Rule } from '../rule.js'

/** The figures, which must add up whenever they are read. */
function figures({ lifecycle }: Pick<App, 'lifecycle'>): LifecycleStats {
  const stats = lifecycle.stats()
  const { scheduled, queued, running, zombies, completed, failed, timedOut, cancelled, refused } = stats
  assert.equal(queued + running + zombies + completed + failed + timedOut + cancelled + refused, scheduled)
  return stats
}

function never(): Promise<void> {
  return new Promise(() => {})
}

/** Promises, figures, and tasks without the async context. */
export const taskFigureRules: readonly Rule[] = [
  {
    id: 'TSK-108',
    title: 'MUST wait for a promise that was passed to waitUntil, and send its rejection to the sink',
    run: async (rig) => {
      const work = gate()
      const handles: TaskHandle[] = []
      await rig.serve(
        ({ exchange, reply }) => {
          handles.push(exchange.waitUntil(work.opened, { name: 'method' }), waitUntil(Promise.reject(new Error('late')), { name: 'free' }))
          assert.throws(() => waitUntil((() => {}) as never), { code: 'ERR_LIFECYCLE_INVALID_ARGUMENT' })
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          const { fault } = await app.fault()
          assert.deepEqual([fault.task, fault.source], ['free', 'task'])
          assert.deepEqual(handles.map(({ state }) => state), ['running', 'failed'])
          assert.equal(app.lifecycle.isIdle, false)
          const draining = app.lifecycle.drain({ server: app.server })
          work.open()
          const { clean, tasks } = await draining
          assert.equal(handles[0]?.state, 'completed')
          assert.deepEqual([clean, tasks.lost], [true, []])
        },
      )
    },
  },
  {
    id: 'TSK-109',
    title: 'MUST throw where `when`, `key` or `context` is given for a promise, and schedule nothing',
    run: async (rig) => {
      await rig.serve(
        ({ exchange, reply }) => {
          for (const options of [{ when: 'success' }, { key: 'user' }, { context: false }] as const) {
            assert.throws(() => exchange.after(Promise.resolve(), options), { code: 'ERR_LIFECYCLE_INVALID_OPTION', message: /runs already/ })
            assert.throws(() => exchange.waitUntil(Promise.resolve(), options as object), { code: 'ERR_LIFECYCLE_INVALID_OPTION', message: /runs already/ })
          }
          reply(200, 'hello')
        },
        async (app) => {
          const { status } = await app.ask()
          assert.equal(status, 200)
          await app.lifecycle.idle()
          assert.equal(app.lifecycle.stats().scheduled, 0)
        },
      )
    },
  },
  {
    id: 'TSK-110',
    title: 'MUST give figures that add up at any instant, and count a task that timed out as a zombie until it settles',
    run: async (rig) => {
      const work = gate()
      const promise = gate()
      const handles: TaskHandle[] = []
      let app: App | undefined
      let atSchedule: LifecycleStats | undefined
      const wrong: unknown[] = []
      // What is thrown here would be contained.
      const look = () => {
        try {
          figures(app as App)
        } catch (error) {
          wrong.push(error)
        }
      }
      await rig.serve(
        ({ exchange, reply }) => {
          handles.push(exchange.after(() => work.opened, { timeout: 1 }))
          handles.push(exchange.after(() => work.opened, { timeout: 600_000 }))
          exchange.after(() => {
            look()
            exchange.after(look, { key: 'user' })
            throw new Error('failing')
          })
          exchange.after(look, { when: 'aborted' })
          exchange.after(look, { key: 'user' }).cancel()
          exchange.after(promise.opened)
          look()
          atSchedule = app?.lifecycle.stats()
          reply(200, 'hello')
        },
        async (given) => {
          app = given
          assert.deepEqual(new Set(Object.values(figures(app))), new Set([0]))
          await app.ask()
          const { inFlight, scheduled, queued, running, cancelled } = atSchedule as LifecycleStats
          assert.deepEqual({ inFlight, scheduled, queued, running, cancelled }, { inFlight: 1, scheduled: 6, queued: 4, running: 1, cancelled: 1 })
          assert.equal(await handles[0]?.done, 'timed-out')
          const { oldestRunningMs, oldestQueuedMs, ...busy } = figures(app)
          assert.deepEqual(busy, {
            inFlight: 1, scheduled: 7, queued: 0, running: 2, zombies: 1, completed: 1, failed: 1, timedOut: 0, cancelled: 2, refused: 0,
          })
          assert.deepEqual([oldestRunningMs > 0, oldestQueuedMs], [true, 0])
          handles[1]?.cancel()
          assert.deepEqual([figures(app).running, figures(app).zombies], [1, 2])
          work.open()
          promise.open()
          await app.lifecycle.idle()
          assert.deepEqual(figures(app), {
            inFlight: 0, scheduled: 7, queued: 0, running: 0, zombies: 0, completed: 2, failed: 1, timedOut: 1, cancelled: 3, refused: 0,
            oldestQueuedMs: 0, oldestRunningMs: 0,
          })
          assert.deepEqual(wrong, [])
        },
        { onOutcome: look, onError: look },
      )
    },
  },
  {
    id: 'TSK-111',
    title: 'MUST name a zombie in the report of a drain that could not wait for it, with its state',
    run: async (rig) => {
      const handles: TaskHandle[] = []
      await rig.serve(
        ({ exchange, reply }) => {
          handles.push(exchange.after(never, { name: 'slow', timeout: 1 }), exchange.after(never, { name: 'unwanted' }))
          handles.push(exchange.after(() => handles[1]?.cancel(), { name: 'canceller' }))
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          assert.equal(await handles[0]?.done, 'timed-out')
          assert.equal(figures(app).zombies, 2)
          const { tasks, clean } = await app.lifecycle.drain({ server: app.server, timeout: 50 })
          assert.deepEqual(tasks.lost.map(({ name, state }) => `${name} ${state}`).toSorted(), ['slow timed-out', 'unwanted cancelled'])
          assert.deepEqual([tasks.pendingAtStart, clean], [2, false])
          assert.equal(figures(app).zombies, 2)
        },
      )
    },
  },
  {
    id: 'TSK-112',
    title: 'MUST run a task with `context: false` outside of the async context of its request, and still know how deep it is',
    run: async (rig) => {
      const storage = new AsyncLocalStorage<string>()
      const seen: unknown[] = []
      await rig.serve(
        ({ exchange, reply }) => {
          const nest = (): void => {
            seen.push('nested')
            exchange.after(nest, { context: false })
          }
          storage.run('request', () => {
            exchange.after(() => seen.push(storage.getStore(), current()?.id === exchange.id))
            exchange.after(() => seen.push(storage.getStore(), current()), { context: false })
            exchange.after(() => exchange.after(nest, { context: false }))
          })
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          assert.deepEqual(seen, ['request', true, undefined, undefined, 'nested', 'nested', 'nested'])
          assert.deepEqual(app.faults.map(({ error }) => (error as { code?: unknown }).code), ['ERR_LIFECYCLE_TASK_DEPTH'])
        },
        { maxDepth: 4 },
      )
    },
  },
  {
    id: 'TSK-113',
    title: 'MUST let requests on other connections through between a few of many synchronous tasks',
    needs: ['http1'],
    run: async (rig) => {
      const burst = 300
      let ran = 0
      const between: number[] = []
      await rig.serve(
        ({ exchange, req, reply }) => {
          for (let n = 0; req.url === '/burst' && n < burst; n++) {
            exchange.after(() => {
              ran++
              for (const until = performance.now() + 1; performance.now() < until; );
            })
          }
          between.push(ran)
          reply(200, `reply ${between.length}.`)
        },
        async (app) => {
          const [busy, other] = [new RawClient(app.port), new RawClient(app.port)]
          await busy.request('GET', '/burst')
          await busy.until(/reply 1\./)
          while (between.at(-1) !== burst) {
            const reply = new RegExp(`reply ${between.length + 1}\\.`)
            await other.request('GET', '/other')
            await other.until(reply)
          }
          busy.leave()
          other.leave()
          await app.lifecycle.idle()
          assert.equal(ran, burst)
          // The client needs turns of the same event loop: a few tasks of 1 ms come into each.
          const most = Math.max(...between.slice(1).map((count, n) => count - (between[n] as number)))
          assert(most <= burst / 6, `${most} tasks between two requests`)
        },
      )
    },
  },
]
