import assert from 'node:assert/strict'
import type { Exchange, LifecycleError, TaskHandle } from '@afterword/lifecycle-core'
import type { Rig } from '../rig.js'
import type { Rule } from '../rule.js'

function codeOf(error: unknown): string | undefined {
  return (error as LifecycleError | undefined)?.code
}

/** Schedules tasks inside tasks, without an end. */
function dig(exchange: Exchange, ran: number[], handles: TaskHandle[], depth = 1): void {
  handles.push(
    exchange.after(async () => {
      ran.push(depth)
      await new Promise((resolve) => setImmediate(resolve))
      dig(exchange, ran, handles, depth + 1)
    }),
  )
}

async function capsDepth(rig: Rig, context: boolean): Promise<void> {
  const ran: number[] = []
  const siblings: number[] = []
  const handles: TaskHandle[] = []
  const refused: [TaskHandle, LifecycleError][] = []
  let begun: Exchange | undefined
  await rig.serve(
    ({ exchange, reply }) => {
      begun = exchange
      for (let n = 0; n < 5; n++) exchange.after(() => siblings.push(n))
      dig(exchange, ran, handles)
      reply(200, 'hello')
    },
    async (app) => {
      await app.ask()
      await app.lifecycle.idle()
      assert.deepEqual(ran, [1, 2, 3])
      assert.deepEqual(siblings, [0, 1, 2, 3, 4], 'tasks beside each other are not inside each other')
      assert.equal(app.faults.length, 1)
      assert.equal(codeOf(app.faults[0]?.error), 'ERR_LIFECYCLE_TASK_DEPTH')
      const last = handles[3] as TaskHandle
      assert.equal(last.state, 'refused')
      assert.equal(await last.done, 'refused')
      assert.equal(refused.length, 1)
      assert.equal(refused[0]?.[0], last)
      assert.equal(refused[0]?.[1], app.faults[0]?.error)
      // Once all have settled, depth begins anew.
      const again = (begun as Exchange).after(() => {})
      await app.lifecycle.idle()
      assert.equal(again.state, 'completed')
    },
    { context, maxDepth: 3, onRefused: (task, error) => refused.push([task, error]) },
  )
}

/** Tasks that schedule tasks, and tasks that are refused. */
export const taskNestingRules: readonly Rule[] = [
  {
    id: 'TSK-015',
    title: 'MUST run tasks that tasks schedule, three deep and async, and count them until they settle',
    run: async (rig) => {
      const order: string[] = []
      await rig.serve(
        ({ exchange, reply }) => {
          const nest = (depth: number): void => {
            exchange.after(async () => {
              await new Promise((resolve) => setImmediate(resolve))
              order.push(`${depth} ${exchange.phase}`)
              if (depth < 3) nest(depth + 1)
            })
          }
          nest(1)
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          assert.deepEqual(order, ['1 finished', '2 finished', '3 finished'])
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'TSK-016',
    title: 'MUST refuse a task that is nested deeper than maxDepth: sink, onRefused and handle say so',
    run: (rig) => capsDepth(rig, true),
  },
  {
    id: 'TSK-017',
    title: 'MUST refuse a task that is nested deeper than maxDepth without the async context, too',
    run: (rig) => capsDepth(rig, false),
  },
  {
    id: 'TSK-018',
    title: 'MUST refuse a task, loudly, once the drain was sealed, and still receive the rejection of a refused promise',
    run: async (rig) => {
      const refused: TaskHandle[] = []
      let begun: Exchange | undefined
      let ran = false
      await rig.serve(
        ({ exchange, reply }) => {
          begun = exchange
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          const report = await app.lifecycle.drain()
          assert.equal(report.clean, true)
          const handle = (begun as Exchange).after(() => (ran = true), { name: 'too late' })
          assert.equal(handle.state, 'refused')
          assert.equal(await handle.done, 'refused')
          assert.equal(codeOf(app.faults[0]?.error), 'ERR_LIFECYCLE_SEALED')
          assert.equal(app.faults[0]?.fault.task, 'too late')
          assert.deepEqual(refused, [handle])
          const rejection = new Error('rejected')
          const promise = (begun as Exchange).after(Promise.reject(rejection))
          assert.equal(promise.state, 'refused')
          assert.equal((await app.fault(3)).error, rejection)
          await app.lifecycle.idle()
          assert.equal(ran, false)
          assert.equal(promise.state, 'refused')
        },
        { onRefused: (task) => refused.push(task) },
      )
    },
  },
]
