import assert from 'node:assert/strict'
import type { LifecycleOptions, TaskHandle } from '@afterword/lifecycle-core'
import { gate } from '../latch.js'
import type { App, Call, Rig } from '../rig.js'
import type { Rule } from '../rule.js'

function codes(app: App): unknown[] {
  return app.faults.map(({ error }) => (error as { code?: unknown }).code)
}

/** Serves with one place, which a task of the first request takes until `free` is called. */
async function whileBusy(
  rig: Rig,
  options: LifecycleOptions,
  act: (call: Call) => void,
  use: (app: App, free: () => void) => Promise<void>,
): Promise<void> {
  const begun = gate()
  const work = gate()
  await rig.serve(
    (call) => {
      if (call.req.url === '/busy') {
        call.exchange.after(() => (begun.open(), work.opened))
        call.reply(200, 'busy')
      } else act(call)
    },
    async (app) => {
      await app.ask('/busy')
      await begun.opened
      await use(app, work.open)
      work.open()
      await app.lifecycle.idle()
    },
    { concurrency: 1, ...options },
  )
}

const states = (handles: readonly TaskHandle[]) => handles.map(({ name, state }) => `${name} ${state}`)

/** What happens when more tasks are scheduled than can run. */
export const taskLimitRules: readonly Rule[] = [
  {
    id: 'TSK-105',
    title: 'MUST refuse a task beyond `maxQueued` at the call, tell the sink and onRefused, and count those that wait for their own end',
    run: async (rig) => {
      const refused: TaskHandle[] = []
      const handles: TaskHandle[] = []
      const ran: string[] = []
      let atOnce: string[] = []
      const act = ({ exchange, reply }: Call): void => {
        for (const name of ['a', 'b', 'c']) handles.push(exchange.after(() => ran.push(name), { name }))
        atOnce = states(handles)
        handles.push(exchange.after(Promise.resolve(), { name: 'promise' }))
        reply(200, 'hello')
      }
      const onRefused = (task: TaskHandle) => refused.push(task)
      await whileBusy(rig, { maxQueued: 2, onRefused }, act, async (app, free) => {
        await app.ask('/')
        await app.outcome(2)
        assert.deepEqual(atOnce, ['a queued', 'b queued', 'c refused'])
        assert.deepEqual(refused, [handles[2]])
        assert.deepEqual(codes(app), ['ERR_LIFECYCLE_QUEUE_FULL'])
        free()
        await app.lifecycle.idle()
        assert.deepEqual(ran, ['a', 'b'])
        assert.deepEqual(states(handles), ['a completed', 'b completed', 'c refused', 'promise completed'])
      })
    },
  },
  {
    id: 'TSK-106',
    title: 'MUST refuse the oldest queued task for a new one under `drop-oldest`, and tell the sink and onRefused',
    run: async (rig) => {
      const refused: TaskHandle[] = []
      const handles: TaskHandle[] = []
      const ran: string[] = []
      const act = ({ exchange, req, reply }: Call): void => {
        const name = (req.url as string).slice(1)
        handles.push(exchange.after(() => ran.push(name), { name }))
        reply(200, 'hello')
      }
      const onRefused = (task: TaskHandle) => refused.push(task)
      await whileBusy(rig, { maxQueued: 2, overflow: 'drop-oldest', onRefused }, act, async (app, free) => {
        for (const [n, name] of ['a', 'b', 'c', 'd'].entries()) {
          await app.ask(`/${name}`)
          await app.outcome(n + 2)
        }
        assert.deepEqual(states(handles), ['a refused', 'b refused', 'c queued', 'd queued'])
        assert.equal(await handles[0]?.done, 'refused')
        assert.deepEqual(refused, handles.slice(0, 2))
        assert.deepEqual(codes(app), ['ERR_LIFECYCLE_QUEUE_FULL', 'ERR_LIFECYCLE_QUEUE_FULL'])
        assert.equal(app.lifecycle.stats().queued, 2)
        free()
        await app.lifecycle.idle()
        assert.deepEqual(ran, ['c', 'd'])
        assert.deepEqual(states(handles), ['a refused', 'b refused', 'c completed', 'd completed'])
      })
    },
  },
  {
    id: 'TSK-107',
    title: 'MUST start a task beyond `maxQueued` with the end of its exchange under `inline`, whatever `concurrency` says',
    run: async (rig) => {
      const handles: TaskHandle[] = []
      const ran: string[] = []
      const act = ({ exchange, reply }: Call): void => {
        for (const name of ['queued', 'inline', 'inline too']) {
          handles.push(exchange.after(({ kind }) => ran.push(`${name} ${kind}`), { name }))
        }
        reply(200, 'hello')
      }
      await whileBusy(rig, { maxQueued: 1, overflow: 'inline' }, act, async (app, free) => {
        await app.ask('/')
        assert.equal(await handles[2]?.done, 'completed')
        assert.deepEqual(ran, ['inline finished', 'inline too finished'])
        assert.deepEqual(states(handles), ['queued queued', 'inline completed', 'inline too completed'])
        free()
        await app.lifecycle.idle()
        assert.deepEqual(ran.slice(2), ['queued finished'])
        assert.equal(app.faults.length, 0)
        // The place that they did not take is not given back either.
        assert.deepEqual([app.lifecycle.stats().completed, app.lifecycle.stats().scheduled], [4, 4])
      })
    },
  },
]
