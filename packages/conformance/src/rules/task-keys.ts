import assert from 'node:assert/strict'
import type { TaskHandle } from '@afterword/lifecycle-core'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'

/** Lets everything start that may. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Tasks that share a key. */
export const taskKeyRules: readonly Rule[] = [
  {
    id: 'TSK-101',
    title: 'MUST run tasks that share a key one after another across requests, in the order of the ends, and others beside them',
    run: async (rig) => {
      const works = new Map<string, { opened: Promise<void>; open(): void }>()
      const log: string[] = []
      await rig.serve(
        ({ exchange, req, reply }) => {
          const url = req.url as string
          for (const name of [`${url} 1`, `${url} 2`]) {
            const work = gate()
            works.set(name, work)
            exchange.after(
              async () => {
                log.push(`${name} starts`)
                await work.opened
                log.push(`${name} ends`)
              },
              { key: url.slice(0, 2) },
            )
          }
          reply(200, 'hello')
        },
        async (app) => {
          const names = ['/a-first', '/a-second', '/b-third']
          for (const [n, url] of names.entries()) {
            await app.ask(url)
            await app.outcome(n + 1)
          }
          await turns()
          assert.deepEqual(log, ['/a-first 1 starts', '/b-third 1 starts'])
          // The last one first: it cannot have begun.
          for (const [, work] of [...works].toReversed()) {
            work.open()
            await turns()
          }
          await app.lifecycle.idle()
          const [a, b] = ['/a', '/b'].map((key) => log.filter((line) => line.startsWith(key)))
          assert.deepEqual(a, ['/a-first 1', '/a-first 2', '/a-second 1', '/a-second 2'].flatMap((name) => [`${name} starts`, `${name} ends`]))
          assert.deepEqual(b, ['/b-third 1', '/b-third 2'].flatMap((name) => [`${name} starts`, `${name} ends`]))
        },
      )
    },
  },
  {
    id: 'TSK-102',
    title: 'MUST keep the key of a task that timed out or was cancelled while it ran until that really settles',
    run: async (rig) => {
      const works = [gate(), gate()]
      const handles: TaskHandle[] = []
      const started: string[] = []
      await rig.serve(
        ({ exchange, reply }) => {
          const one = (name: string, work: Promise<void> | undefined, timeout: number) =>
            exchange.after(() => (started.push(name), work), { key: 'user', name, timeout })
          handles.push(one('slow', works[0]?.opened, 1), one('unwanted', works[1]?.opened, Infinity), one('last', undefined, Infinity))
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          const [slow, unwanted] = handles as [TaskHandle, TaskHandle]
          assert.equal(await slow.done, 'timed-out')
          await turns()
          assert.deepEqual(started, ['slow'])
          works[0]?.open()
          await turns()
          assert.deepEqual(started, ['slow', 'unwanted'])
          unwanted.cancel()
          await turns()
          assert.deepEqual(started, ['slow', 'unwanted'])
          works[1]?.open()
          await app.lifecycle.idle()
          assert.deepEqual(started, ['slow', 'unwanted', 'last'])
        },
      )
    },
  },
  {
    id: 'TSK-103',
    title: 'MUST pass over tasks that are cancelled while they wait for their key, go on after those that fail, and forget the key',
    run: async (rig) => {
      const work = gate()
      const handles: TaskHandle[] = []
      const started: string[] = []
      await rig.serve(
        ({ exchange, reply }) => {
          const one = (name: string, run: () => unknown) => handles.push(exchange.after(() => (started.push(name), run()), { key: 'user', name }))
          one('holder', () => work.opened)
          one('cancelled', () => {})
          one('failing', () => {
            throw new Error('failing')
          })
          one('rejecting', () => Promise.reject(new Error('rejecting')))
          exchange.after(() => started.push('unwanted'), { key: 'user', when: 'aborted' })
          one('last', () => {})
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await turns()
          assert.deepEqual(started, ['holder'])
          handles[1]?.cancel()
          assert.equal(handles[1]?.state, 'cancelled')
          await turns()
          assert.deepEqual(started, ['holder'], 'whoever leaves from the middle lets nobody in')
          work.open()
          await app.lifecycle.idle()
          assert.deepEqual(started, ['holder', 'failing', 'rejecting', 'last'])
          assert.equal(app.lifecycle.scheduler.lanes.byKey.size, 0)
          assert.equal(app.faults.length, 2)
        },
      )
    },
  },
  {
    id: 'TSK-104',
    title: 'MUST give no place to a task that waits for its key, so that keys and `concurrency` never lock each other',
    run: async (rig) => {
      const works: { open(): void }[] = []
      const started: string[] = []
      await rig.serve(
        ({ exchange, req, reply }) => {
          const work = gate()
          works.push(work)
          exchange.after(() => (started.push(req.url as string), work.opened), { key: (req.url as string).slice(0, 2) })
          reply(200, 'hello')
        },
        async (app) => {
          for (const [n, url] of ['/a1', '/a2', '/a3', '/b1', '/c1'].entries()) {
            await app.ask(url)
            await app.outcome(n + 1)
          }
          await turns()
          assert.deepEqual(started, ['/a1', '/b1'])
          for (const work of works.toReversed()) work.open()
          await app.lifecycle.idle()
          assert.deepEqual(started.filter((name) => name.startsWith('/a')), ['/a1', '/a2', '/a3'])
          assert.deepEqual(started.toSorted(), ['/a1', '/a2', '/a3', '/b1', '/c1'])
        },
        { concurrency: 2 },
      )
    },
  },
]
