import assert from 'node:assert/strict'
import type { LifecycleError, TaskHandle } from '@afterword/lifecycle-core'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'

/** Waits until a signal aborts, and rejects with its reason. */
function heed(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = () => reject(signal.reason as Error)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code
}

/** What the caller of `after` holds in hand. */
export const taskHandleRules: readonly Rule[] = [
  {
    id: 'TSK-019',
    title: 'MUST return a handle with name and state, whose done never rejects, read early or late',
    run: async (rig) => {
      const begun = gate()
      const work = gate()
      const handles: TaskHandle[] = []
      let early: Promise<string> | undefined
      let late: TaskHandle | undefined
      await rig.serve(
        ({ exchange, reply }) => {
          const slow = exchange.after(
            async () => {
              begun.open()
              await work.opened
            },
            { name: 'slow' },
          )
          const failing = exchange.after(
            () => {
              throw new Error('failing')
            },
            { name: 'failing' },
          )
          early = failing.done
          late = exchange.after(() => {}, { name: 'late' })
          handles.push(slow, failing)
          assert.deepEqual(handles.map(({ name, state }) => `${name} ${state}`), ['slow queued', 'failing queued'])
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await begun.opened
          const [slow, failing] = handles as [TaskHandle, TaskHandle]
          assert.equal(slow.state, 'running')
          assert.equal(await early, 'failed')
          work.open()
          assert.equal(await slow.done, 'completed')
          assert.equal(slow.state, 'completed')
          await app.lifecycle.idle()
          assert.equal(await slow.done, 'completed')
          assert.equal(await failing.done, 'failed')
          assert.equal(await late?.done, 'completed', 'nobody asked before')
        },
      )
    },
  },
  {
    id: 'TSK-020',
    title: 'MUST take a task that is cancelled while queued out of the queue: it never runs and nobody waits for it',
    run: async (rig) => {
      let ran = 0
      const handles: TaskHandle[] = []
      await rig.serve(
        ({ exchange, reply }) => {
          // One before the end, and one that is ready to start.
          const before = exchange.after(() => ran++)
          before.cancel('not needed')
          before.cancel('again')
          exchange.after(() => handles[1]?.cancel())
          handles.push(before, exchange.after(() => ran++))
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          // Turns enough for one that is still in the queue.
          for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve))
          assert.equal(ran, 0)
          for (const { state, done } of handles) {
            assert.equal(state, 'cancelled')
            assert.equal(await done, 'cancelled')
          }
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'TSK-021',
    title: 'MUST abort the signal of a running task that is cancelled, and take its heeding for no fault',
    run: async (rig) => {
      const cause = new Error('why')
      const begun = gate()
      const work = gate()
      const reasons: unknown[] = []
      const handles: TaskHandle[] = []
      await rig.serve(
        ({ exchange, reply }) => {
          const heeding = exchange.after((_outcome, { signal }) => heed(signal).catch((reason) => {
            reasons.push(reason)
            throw reason
          }))
          const wrapping = exchange.after((_outcome, { signal }) => heed(signal).catch((reason) => {
            throw new Error('aborted', { cause: reason })
          }))
          const deaf = exchange.after(async () => {
            begun.open()
            await work.opened
            throw new Error('a fault of its own')
          })
          handles.push(heeding, wrapping, deaf)
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await begun.opened
          for (const handle of handles) handle.cancel(cause)
          for (const { state, done } of handles) {
            assert.equal(state, 'cancelled')
            assert.equal(await done, 'cancelled')
          }
          const idle = app.lifecycle.idle()
          assert.equal(app.lifecycle.isIdle, false, 'a cancelled task counts until it settles')
          work.open()
          await idle
          assert.equal(codeOf(reasons[0]), 'ERR_LIFECYCLE_TASK_CANCELLED')
          assert.equal((reasons[0] as LifecycleError).cause, cause)
          assert.deepEqual(app.faults.map(({ error }) => (error as Error).message), ['a fault of its own'])
          assert.equal(handles[2]?.state, 'cancelled')
        },
      )
    },
  },
  {
    id: 'TSK-022',
    title: 'MUST mark a task past its timeout as timed-out, report it, abort its signal, and count it until it settles',
    run: async (rig) => {
      const work = gate()
      const aborted = gate<unknown>()
      const handles: TaskHandle[] = []
      let settled = false
      let patient: TaskHandle | undefined
      await rig.serve(
        ({ exchange, reply }) => {
          const slow = exchange.after(
            async (_outcome, { signal }) => {
              signal.addEventListener('abort', () => aborted.open(signal.reason))
              await work.opened
            },
            { name: 'slow' },
          )
          patient = exchange.after(() => work.opened, { timeout: 600_000 })
          const heeding = exchange.after((_outcome, { signal }) => heed(signal), { name: 'heeding' })
          const promised = exchange.after(work.opened, { name: 'promised' })
          handles.push(slow, heeding, promised)
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          assert.equal(codeOf(await aborted.opened), 'ERR_LIFECYCLE_TASK_TIMEOUT')
          for (const { done } of handles) assert.equal(await done, 'timed-out')
          await app.fault(3)
          const idle = app.lifecycle.idle().then(() => assert(settled, 'a task that timed out counts until it settles'))
          await new Promise((resolve) => setImmediate(resolve))
          settled = true
          assert.equal(patient?.state, 'running', 'a timeout of its own comes before that of the application')
          work.open()
          await idle
          assert.equal(patient?.state, 'completed')
          assert.deepEqual(handles.map(({ state }) => state), ['timed-out', 'timed-out', 'timed-out'])
          assert.deepEqual(app.faults.map(({ fault }) => fault.task).toSorted(), ['heeding', 'promised', 'slow'])
          for (const { error } of app.faults) assert.equal(codeOf(error), 'ERR_LIFECYCLE_TASK_TIMEOUT')
        },
        { taskTimeout: 1 },
      )
    },
  },
  {
    id: 'TSK-023',
    title: 'MUST not abort the signal of a task because the client left',
    needs: ['http1'],
    run: async (rig) => {
      const reached = gate()
      const begun = gate<AbortSignal>()
      const work = gate()
      await rig.serve(
        ({ exchange }) => {
          exchange.after(async (_outcome, { signal }) => {
            begun.open(signal)
            await work.opened
          })
          reached.open()
          return new Promise(() => {})
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await reached.opened
          client.reset()
          const { kind, reason } = await app.outcome()
          assert.deepEqual([kind, reason], ['aborted', 'client'])
          const signal = await begun.opened
          assert.equal(signal.aborted, false)
          work.open()
          await app.lifecycle.idle()
          assert.equal(signal.aborted, false)
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'TSK-024',
    title: 'MUST time a task from its own start, however slow those before it in the same turn were',
    run: async (rig) => {
      const timeout = 50
      const ran: number[] = []
      await rig.serve(
        ({ exchange, req, reply }) => {
          // Wherever it stands between two looks at the clock.
          for (let before = Number(req.url?.slice(1)); before > 0; before--) exchange.after(() => {})
          exchange.after(() => {
            for (const until = performance.now() + timeout + 10; performance.now() < until; );
          })
          exchange.after(
            async (_outcome, { signal }) => {
              const startedAt = performance.now()
              await new Promise((resolve) => signal.addEventListener('abort', resolve))
              ran.push(performance.now() - startedAt)
            },
            { timeout },
          )
          exchange.after(() => void exchange.waitUntil(Promise.resolve()))
          reply(200, 'hello')
        },
        async (app) => {
          const rows = 12
          for (let before = 0; before < rows; before++) await app.ask(`/${before}`)
          await app.fault(rows)
          await app.lifecycle.idle()
          assert.equal(ran.length, rows)
          assert(Math.min(...ran) >= timeout, `it ran ${Math.min(...ran)} ms of ${timeout}`)
          for (const { error } of app.faults) assert.equal(codeOf(error), 'ERR_LIFECYCLE_TASK_TIMEOUT')
        },
      )
    },
  },
]
