// oxlint-disable unicorn/no-thenable -- things that only look like promises are a subject of these rules
import assert from 'node:assert/strict'
import type { TaskHandle } from '@afterword/lifecycle-core'
import { gate, Latch } from '../latch.js'
import type { Rule } from '../rule.js'

/** Everything that a task may throw, however unpleasant. */
const thrown: readonly unknown[] = [
  new Error('an error'),
  undefined,
  null,
  'a string',
  Object.freeze({ frozen: true }),
  {
    get message(): string {
      throw new Error('message')
    },
    get stack(): string {
      throw new Error('stack')
    },
    get cause(): string {
      throw new Error('cause')
    },
    get then(): string {
      throw new Error('then')
    },
    toString() {
      throw new Error('toString')
    },
  },
]

/** What a task may return that only looks like a promise, with the final state and what the sink gets. */
const thenables: readonly [then: (resolve: () => void, reject: (error: unknown) => void) => void, state: string, faults: string[]][] = [
  [
    () => {
      throw new Error('thrown in then')
    },
    'failed',
    ['thrown in then'],
  ],
  [
    (resolve, reject) => {
      resolve()
      reject(new Error('after it was resolved'))
    },
    'completed',
    [],
  ],
  [
    (resolve, reject) => {
      reject(new Error('the first'))
      reject(new Error('the second'))
      resolve()
    },
    'failed',
    ['the first'],
  ],
  [
    (resolve) => {
      resolve()
      throw new Error('after it was resolved')
    },
    'completed',
    [],
  ],
]

/** Turns enough for whatever is due to happen. */
async function turns(): Promise<void> {
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve))
}

/** One task never harms another, nor the process. */
export const taskIsolationRules: readonly Rule[] = [
  {
    id: 'TSK-011',
    title: 'MUST send what a task throws or rejects with to the sink once, whatever it is, and run the next task',
    run: async (rig) => {
      const handles: TaskHandle[] = []
      let ran = 0
      await rig.serve(
        ({ exchange, reply }) => {
          for (const error of thrown) {
            const throwing = () => {
              throw error
            }
            handles.push(exchange.after(throwing, { name: 'sync' }), exchange.after(async () => throwing(), { name: 'async' }))
            exchange.after(() => ran++)
          }
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          assert.equal(ran, thrown.length)
          for (const { state } of handles) assert.equal(state, 'failed')
          for (const way of ['sync', 'async']) {
            const faults = app.faults.filter(({ fault }) => fault.task === way)
            assert.deepEqual(faults.map(({ fault }) => fault.source), thrown.map(() => 'task'))
            for (const error of thrown) assert.equal(faults.filter((each) => each.error === error).length, 1)
          }
          assert.equal(app.faults.length, 2 * thrown.length)
        },
      )
    },
  },
  {
    id: 'TSK-012',
    title: 'MUST treat a thenable of any quality as a promise that settles once',
    run: async (rig) => {
      const handles: TaskHandle[] = []
      const hostile = {
        get then(): never {
          throw new Error('thrown by the getter')
        },
      }
      await rig.serve(
        ({ exchange, reply }) => {
          for (const [then] of thenables) handles.push(exchange.after(() => ({ then }) as PromiseLike<unknown>))
          handles.push(exchange.after(() => hostile))
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          assert.deepEqual(handles.map(({ state }) => state), [...thenables.map(([, state]) => state), 'failed'])
          const messages = app.faults.map(({ error }) => (error as Error).message)
          assert.deepEqual(messages.toSorted(), [...thenables.flatMap(([, , faults]) => faults), 'thrown by the getter'].toSorted())
        },
      )
    },
  },
  {
    id: 'TSK-013',
    title: 'MUST wait for a promise that was scheduled, and send its rejection to the sink once',
    run: async (rig) => {
      const fulfilled = gate()
      let settled = false
      const handles: TaskHandle[] = []
      await rig.serve(
        async ({ exchange, reply }) => {
          // Rejected long before the end: that must not be an unhandled rejection.
          handles.push(exchange.after(Promise.reject(new Error('early')), { name: 'rejected' }))
          handles.push(exchange.after(fulfilled.opened))
          await new Promise((resolve) => setImmediate(resolve))
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.outcome()
          const idle = app.lifecycle.idle().then(() => assert(settled, 'idle() did not wait for the promise'))
          assert.deepEqual(handles.map(({ state }) => state), ['failed', 'running'])
          await new Promise((resolve) => setImmediate(resolve))
          settled = true
          fulfilled.open()
          await idle
          assert.equal(handles[1]?.state, 'completed')
          assert.deepEqual(app.faults.map(({ error, fault }) => [(error as Error).message, fault.task]), [['early', 'rejected']])
        },
      )
    },
  },
  {
    id: 'TSK-014',
    title: 'MUST resolve idle() only once nothing is in flight: no open exchange, no task queued or running',
    run: async (rig) => {
      const reached = new Latch<string | undefined>()
      const answer = gate()
      const work = gate()
      const order: string[] = []
      await rig.serve(
        async ({ exchange, req, reply }) => {
          if (req.url === '/work') {
            exchange.after(async () => {
              await work.opened
              order.push('task')
            })
          }
          reached.add(req.url)
          if (req.url === '/slow') await answer.opened
          reply(200, 'hello')
        },
        async (app) => {
          await app.lifecycle.idle()
          const asked = app.ask('/slow')
          await reached.nth(1)
          const idle = app.lifecycle.idle().then(() => order.push('idle'))
          await turns()
          order.push('handling')
          await app.ask('/work')
          await app.outcome()
          await turns()
          order.push('one ended')
          answer.open()
          await asked
          await app.outcome(2)
          await turns()
          order.push('both ended')
          work.open()
          await idle
          assert.deepEqual(order, ['handling', 'one ended', 'both ended', 'task', 'idle'])
          await app.lifecycle.idle()
        },
      )
    },
  },
]
