import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLifecycle } from '@afterword/adapter-node'
import type { Exchange, TaskHandle } from '@afterword/lifecycle-core'
import { askHttp1 } from '../client.js'
import { gate } from '../latch.js'
import { listen, stop } from '../probe.js'
import type { Rule } from '../rule.js'

/** What a drain waits for. */
export const drainWaitRules: readonly Rule[] = [
  {
    id: 'DRN-001',
    title: 'MUST let a response in flight complete, stop the server at once, and resolve when its connections are gone',
    run: async (rig) => {
      const reached = gate()
      const answer = gate()
      await rig.serve(
        async ({ reply }) => {
          reached.open()
          await answer.opened
          reply(200, 'slow')
        },
        async (app) => {
          const { lifecycle, server } = app
          const closed = new Promise((resolve) => server.once('close', resolve))
          assert.equal(lifecycle.state, 'accepting')
          const asked = app.ask()
          await reached.opened
          const draining = lifecycle.drain({ server })
          assert.equal(lifecycle.state, 'draining')
          assert.equal(server.listening, false)
          assert.equal(lifecycle.drain({ server }), draining, 'a second drain is the first one')
          answer.open()
          const { status, body } = await asked
          assert.deepEqual([status, body], [200, 'slow'])
          const report = await draining
          await closed
          assert.equal(lifecycle.state, 'drained')
          assert.equal(report.clean, true)
          assert.equal(report.suggestedExitCode, 0)
          assert.equal(report.exchanges.inFlightAtStart, 1)
          assert.equal(await lifecycle.drain(), report)
        },
      )
    },
  },
  {
    id: 'DRN-002',
    title: 'MUST wait for tasks: running ones, nested ones, and those that are scheduled during the drain',
    run: async (rig) => {
      const reached = gate()
      const answer = gate()
      const work = gate()
      const done: string[] = []
      await rig.serve(
        async ({ exchange, reply }) => {
          reached.open()
          await answer.opened
          // The drain is under way by now.
          exchange.after(async () => {
            await work.opened
            done.push('task')
            exchange.after(async () => {
              await new Promise((resolve) => setImmediate(resolve))
              done.push('nested')
            })
          })
          reply(200, 'hello')
        },
        async (app) => {
          const asked = app.ask()
          await reached.opened
          const draining = app.lifecycle.drain({ server: app.server }).then((report) => {
            done.push('drained')
            return report
          })
          const closed = new Promise((resolve) => app.server.once('close', resolve))
          answer.open()
          await asked
          await app.outcome()
          // Even when there is no connection left.
          await closed
          work.open()
          const { clean, tasks } = await draining
          assert.deepEqual(done, ['task', 'nested', 'drained'])
          assert.equal(clean, true)
          assert.deepEqual([tasks.pendingAtStart, tasks.scheduled, tasks.completed], [0, 2, 2])
        },
      )
    },
  },
  {
    id: 'DRN-003',
    title: 'MUST drain without a server: it waits for work only, and the server goes on',
    run: async (rig) => {
      const work = gate()
      let done = false
      await rig.serve(
        ({ exchange, reply }) => {
          exchange.after(() => work.opened.then(() => (done = true)))
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.outcome()
          const draining = app.lifecycle.drain()
          assert.equal(app.server.listening, true)
          for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve))
          assert.equal(app.lifecycle.state, 'draining')
          work.open()
          const { clean, tasks } = await draining
          assert(done)
          assert.deepEqual([clean, tasks.pendingAtStart, tasks.completed], [true, 1, 1])
          assert.equal((await app.ask()).status, 200)
        },
      )
    },
  },
  {
    id: 'DRN-004',
    title: 'MUST drain servers that are closed already, or never listened, without telling of their end a second time',
    needs: ['node', 'error-page'],
    run: async () => {
      const lifecycle = createLifecycle()
      const closed = createServer()
      const fresh = createServer()
      let ends = 0
      closed.on('close', () => ends++)
      await listen(closed)
      await stop(closed)
      const { clean } = await lifecycle.drain({ server: [closed, fresh] })
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(clean, true)
      assert.equal(ends, 1)
    },
  },
  {
    id: 'DRN-006',
    title: 'MUST drain several servers at a time',
    needs: ['node', 'error-page'],
    run: async () => {
      const lifecycle = createLifecycle()
      const answer = gate()
      const names: (string | undefined)[] = []
      const both = gate()
      const servers = ['a', 'b'].map(() =>
        createServer(
          lifecycle.listener(async (req, res) => {
            if (names.push(req.url) === 2) both.open()
            await answer.opened
            res.end(req.url)
          }),
        ),
      )
      await Promise.all(servers.map(listen))
      const ports = servers.map((server) => (server.address() as AddressInfo).port)
      const asked = ports.map((port, index) => askHttp1(port, `/${index}`))
      await both.opened
      const draining = lifecycle.drain({ server: servers })
      assert.deepEqual(servers.map(({ listening }) => listening), [false, false])
      answer.open()
      const replies = await Promise.all(asked)
      assert.deepEqual(replies.map(({ body }) => body), ['/0', '/1'])
      const { clean, exchanges } = await draining
      assert.deepEqual([clean, exchanges.inFlightAtStart], [true, 2])
    },
  },
  {
    id: 'DRN-008',
    title: 'MUST wait for what somebody schedules on hearing that all was quiet',
    run: async (rig) => {
      const work = gate()
      let begun: Exchange | undefined
      let ran = false
      await rig.serve(
        ({ exchange, reply }) => {
          begun = exchange
          exchange.after(() => work.opened)
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.outcome()
          const draining = app.lifecycle.drain()
          // The drain waits from its third turn on; who asks later hears later.
          for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
          void app.lifecycle.idle().then(() => begun?.after(() => (ran = true)))
          work.open()
          const { clean, tasks } = await draining
          assert(ran)
          assert.deepEqual([clean, tasks.completed, tasks.refused], [true, 2, 0])
        },
      )
    },
  },
  {
    id: 'DRN-007',
    title: 'MUST report sums that add up: what was pending and scheduled is what settled, was refused, or is lost',
    run: async (rig) => {
      const reached = gate()
      const answer = gate()
      const never = gate()
      const finishLate = gate()
      const handles: TaskHandle[] = []
      await rig.serve(
        async ({ exchange, req, reply }) => {
          if (req.url === '/before') {
            // Both have timed out when the drain begins, and still run. One of them settles during the drain.
            handles.push(exchange.after(() => never.opened, { name: 'expired', timeout: 1 }))
            handles.push(exchange.after(() => finishLate.opened, { name: 'late', timeout: 1 }))
            return reply(200, 'hello')
          }
          reached.open()
          await answer.opened
          exchange.after(() => {}, { name: 'completed' })
          exchange.after(() => exchange.after(() => {}, { name: 'too deep' }), { name: 'parent' })
          exchange.after(() => Promise.reject(new Error('failed')), { name: 'failed' })
          exchange.after(() => {}, { name: 'unwanted', when: 'aborted' })
          exchange.after(() => never.opened, { name: 'stuck' })
          exchange.after(new Promise(() => {}), { name: 'promise' })
          exchange.after(() => {}, { name: 'cancelled' }).cancel()
          return reply(200, 'hello')
        },
        async (app) => {
          await app.ask('/before')
          for (const { done } of handles) assert.equal(await done, 'timed-out')
          const asked = app.ask('/during')
          await reached.opened
          const draining = app.lifecycle.drain({ server: app.server, timeout: 500 })
          finishLate.open()
          answer.open()
          await asked
          const { tasks, clean } = await draining
          const { pendingAtStart, scheduled, completed, failed, timedOut, cancelled, refused, lost } = tasks
          assert.equal(pendingAtStart + scheduled, completed + failed + timedOut + cancelled + refused + lost.length)
          assert.deepEqual(lost.map(({ name, state }) => `${name} ${state}`).toSorted(), ['expired timed-out', 'promise running', 'stuck running'])
          assert.deepEqual({ pendingAtStart, scheduled, completed, failed, timedOut, cancelled, refused }, {
            pendingAtStart: 2,
            scheduled: 8,
            completed: 2,
            failed: 1,
            timedOut: 1,
            cancelled: 2,
            refused: 1,
          })
          assert.equal(clean, false)
          never.open()
        },
        { maxDepth: 1 },
      )
    },
  },
]
