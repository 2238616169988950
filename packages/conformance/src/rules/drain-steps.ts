import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { getEventListeners } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLifecycle } from '@afterword/adapter-node'
import { channelNames, type DrainReport } from '@afterword/lifecycle-core'
import { askHttp1 } from '../client.js'
import { gate } from '../latch.js'
import { listen } from '../probe.js'
import type { App, Rig } from '../rig.js'
import type { Rule } from '../rule.js'

/** Longer than any rule waits: what happens before has another cause. */
const never = 600_000

/** Serves a handler that only ends when its signal aborts, or not even then. */
async function serveStuck(rig: Rig, use: (app: App, asked: Promise<number>) => Promise<void>, heeds = false): Promise<void> {
  const reached = gate()
  await rig.serve(
    async ({ exchange, reply }) => {
      const { signal } = exchange
      reached.open()
      await new Promise<void>((resolve) => heeds && signal.addEventListener('abort', () => resolve()))
      reply(503, 'hurried')
    },
    async (app) => {
      const asked = app.ask().then(
        ({ status }) => status,
        () => 0,
      )
      await reached.opened
      await use(app, asked)
    },
  )
}

/** Readiness, deadlines that move, and what is told of a drain. */
export const drainStepsRules: readonly Rule[] = [
  {
    id: 'DRN-101',
    title: 'MUST not be ready from the first moment of a drain, and still accept and serve during `readinessDelay`',
    run: async (rig) => {
      await rig.serve(
        ({ reply }) => reply(200, 'hello'),
        async ({ lifecycle, server, ask }) => {
          assert.equal(lifecycle.ready, true)
          const draining = lifecycle.drain({ server, readinessDelay: never, onDraining: 'reject' })
          assert.deepEqual([lifecycle.ready, lifecycle.state, server.listening], [false, 'draining', true])
          const { status, headers } = await ask()
          assert.equal(status, 200)
          if (rig.lacks.http1 === undefined) assert.equal(headers['connection'], 'close', 'its client may leave in order')
          assert.equal(server.listening, true)
          assert.equal(lifecycle.drain({ readinessDelay: 0 }), draining)
          const { clean, exchanges, phases } = await draining
          assert.equal(server.listening, false)
          assert.deepEqual([clean, exchanges.arrived, exchanges.rejected], [true, 1, 0])
          assert(phases.readiness > 0)
          assert.equal(lifecycle.ready, false)
        },
      )
    },
  },
  {
    id: 'DRN-102',
    title: 'MUST bring the deadlines nearer when a further call asks for that, and never put them off',
    run: async (rig) => {
      await serveStuck(rig, async ({ lifecycle, server }, asked) => {
        const draining = lifecycle.drain({ server, timeout: never })
        assert.equal(lifecycle.drain({ timeout: 20 }), draining)
        assert.equal(lifecycle.drain({ timeout: never, softTimeout: never }), draining)
        const { exchanges } = await draining
        assert.equal(exchanges.cut.length, 1)
        assert.equal(await asked, 0)
      })
      await serveStuck(
        rig,
        async ({ lifecycle, server }, asked) => {
          const draining = lifecycle.drain({ server, timeout: never })
          lifecycle.drain({ softTimeout: 1 })
          assert.equal(await asked, 503)
          assert.equal((await draining).clean, true)
        },
        true,
      )
    },
  },
  {
    id: 'DRN-103',
    title: 'MUST take the abort of `signal` for the hard deadline, an earlier one too, and let go of the signal',
    run: async (rig) => {
      for (const isEarly of [false, true]) {
        await serveStuck(rig, async ({ lifecycle, server }, asked) => {
          const controller = new AbortController()
          if (isEarly) controller.abort()
          const draining = lifecycle.drain({ server, readinessDelay: never, timeout: never, signal: controller.signal })
          if (!isEarly) {
            assert.equal(getEventListeners(controller.signal, 'abort').length, 1)
            controller.abort()
          }
          const { exchanges, clean } = await draining
          assert.deepEqual([exchanges.cut.length, clean, await asked], [1, false, 0])
          assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
        })
      }
    },
  },
  {
    id: 'DRN-104',
    title: 'MUST stop and wait for servers that a further call adds',
    needs: ['node'],
    run: async () => {
      const lifecycle = createLifecycle()
      const reached = gate()
      const answer = gate()
      const servers = [1, 2].map(() =>
        createServer(
          lifecycle.listener(async (_req, res) => {
            reached.open()
            await answer.opened
            res.end('hello')
          }),
        ),
      )
      await Promise.all(servers.map(listen))
      const [{ port } = { port: 0 }] = servers.map((server) => server.address() as AddressInfo)
      const asked = askHttp1(port, '/')
      await reached.opened
      const draining = lifecycle.drain({ server: servers.slice(0, 1), timeout: never })
      lifecycle.drain({ server: servers })
      assert.deepEqual(servers.map(({ listening }) => listening), [false, false])
      answer.open()
      await asked
      assert.equal((await draining).clean, true)
    },
  },
  {
    id: 'DRN-105',
    title: 'MUST tell the channels of the begin and the end of a drain, and report the ms of each step',
    run: async (rig) => {
      const told: unknown[] = []
      const onStart = (message: unknown) => told.push(message)
      const onEnd = (message: unknown) => told.push(message)
      subscribe(channelNames.drainStart, onStart)
      subscribe(channelNames.drainEnd, onEnd)
      try {
        await serveStuck(rig, async ({ lifecycle, server }) => {
          const draining = lifecycle.drain({ server, readinessDelay: 5, softTimeout: 5, timeout: 20 })
          assert.deepEqual(told, [{ lifecycle }])
          const report: DrainReport = await draining
          assert.deepEqual(told.slice(1), [{ lifecycle, report }])
          const { readiness, wait, hurry, cut, handOver } = report.phases
          assert(readiness > 0 && wait > 0 && hurry > 0 && cut > 0)
          assert.equal(handOver, 0)
          assert(Math.abs(readiness + wait + hurry + cut - report.durationMs) < 0.01)
        })
      } finally {
        unsubscribe(channelNames.drainStart, onStart)
        unsubscribe(channelNames.drainEnd, onEnd)
      }
    },
  },
  {
    id: 'DRN-106',
    title: 'MUST count handlers that never ended by route, and not those whose clients did not read',
    needs: ['http1'],
    run: async (rig) => {
      const reached = gate()
      let begun = 0
      await rig.serve(
        ({ req, res, exchange }) => {
          if (req.url === '/unread') res.end(Buffer.alloc(48 * 1024 * 1024))
          else void exchange.signal
          if (++begun === 4) reached.open()
        },
        async ({ lifecycle, server, port }) => {
          const clients = ['/a', '/b', '/c', '/unread'].map(async (path) => {
            await assert.rejects(askHttp1(port, path))
          })
          await reached.opened
          const controller = new AbortController()
          controller.abort()
          const { exchanges } = await lifecycle.drain({ server, signal: controller.signal })
          await Promise.all(clients)
          assert.deepEqual(exchanges.cut.map(({ url, position }) => `${url} ${position}`).toSorted(), [
            '/a before-commit',
            '/b before-commit',
            '/c before-commit',
            '/unread unflushed',
          ])
          assert.equal(exchanges.stuck.length, 1)
          const [stuck] = exchanges.stuck
          assert.deepEqual([stuck?.method, stuck?.count], ['GET', 3])
          assert.equal(stuck?.oldestMs, Math.max(...exchanges.cut.filter(({ url }) => url !== '/unread').map(({ ageMs }) => Number(ageMs))))
        },
      )
    },
  },
]
