import assert from 'node:assert/strict'
import dns from 'node:dns'
import { Writable } from 'node:stream'
import { gracefulShutdown } from '@afterword/adapter-fastify/shutdown'
import { createLifecycle } from '@afterword/adapter-fastify'
import createApp, { type FastifyInstance } from 'fastify'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { serve, serveBare } from './fastify-own.js'
import { onStage } from './shutdown.js'

const needs = ['fastify'] as const

/** Collects the lines of a logger. */
function journal(): { readonly lines: string[]; readonly stream: Writable } {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  return { lines, stream }
}

/** Listens while `localhost` has two addresses, whatever the machine says. */
async function withTwoAddresses(work: () => Promise<unknown>): Promise<void> {
  const { lookup } = dns
  const fake = (name: string, options: object, done: (error: null, addresses: object[]) => void): void => {
    if (name !== 'localhost' || !('all' in options)) return lookup(name, options, done as never)
    return done(null, ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 })))
  }
  dns.lookup = fake as never
  try {
    await work()
  } finally {
    dns.lookup = lookup
  }
}

/** The options of the plugin, and the shutdown of an application. */
export const fastifyDrainRules: readonly Rule[] = [
  {
    id: 'DRN-160',
    title: 'MUST drain in app.close() as the plugin was told, and log a report that is not clean',
    needs,
    run: async (rig) => {
      const { lines, stream } = journal()
      let instance!: FastifyInstance
      await serveBare(
        rig,
        async (app, lifecycle) => {
          instance = app
          await app.register(lifecycle.plugin, { drain: { timeout: 20 } })
          app.get('/', async (request) => {
            request.exchange.after(() => new Promise(() => {}), { name: 'stuck' })
            return 'hello'
          })
        },
        async (app) => {
          await app.ask()
          await app.outcome()
          await instance.close()
          const { tasks } = await app.lifecycle.drain()
          assert.equal(tasks.lost[0]?.name, 'stuck')
          const logged = lines.map((line) => JSON.parse(line) as { msg: string; drain?: { tasks: { lost: object[] } } })
          assert.equal(logged.find(({ msg }) => msg === 'the drain was not clean')?.drain?.tasks.lost.length, 1)
          assert(!logged.some(({ msg }) => msg.includes('pluginTimeout')))
        },
        { server: { logger: { level: 'warn', stream } } },
      )
    },
  },
  {
    id: 'DRN-161',
    title: 'MUST clamp a drain that is longer than Fastify waits, and say what to set',
    needs,
    run: async (rig) => {
      const { lines, stream } = journal()
      await serveBare(
        rig,
        async (app, lifecycle) => {
          await app.register(lifecycle.plugin, { drain: { timeout: 30_000, readinessDelay: 10 } })
          app.get('/', async (request) => {
            request.exchange.after((_outcome, { signal }) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())))
            return 'hello'
          })
        },
        async (app) => {
          await app.ask()
          await app.outcome()
        },
        { server: { pluginTimeout: 1000, logger: { level: 'warn', stream } } },
      )
      assert.deepEqual(
        lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
        ['The drain gets 640 ms and not 30000: set pluginTimeout: 33623 in the options of Fastify.'],
      )
    },
  },
  {
    id: 'DRN-162',
    title: 'MUST refuse wrong drain options where the plugin is registered',
    needs,
    run: async () => {
      const app = createApp()
      await assert.rejects(async () => app.register(createLifecycle().plugin, { drain: { timeOut: 1 } as object }), {
        code: 'ERR_LIFECYCLE_UNKNOWN_OPTION',
      })
    },
  },
  {
    id: 'DRN-163',
    title: 'MUST drain every server of an application that listens on `localhost`',
    needs,
    run: async () => {
      const lifecycle = createLifecycle()
      const app = createApp()
      await app.register(lifecycle.plugin)
      const reached = gate()
      const answer = gate()
      app.get('/', async () => {
        reached.open()
        await answer.opened
        return 'the last reply'
      })
      await withTwoAddresses(() => app.listen({ port: 0 }))
      const [first, ...others] = lifecycle.serversOf(app)
      assert.equal(first, app.server)
      assert.equal(others.length, 1)
      const last = [app.server, ...others].at(-1) as typeof app.server
      const { port, address } = last.address() as { port: number; address: string }
      const response = fetch(`http://${address.includes(':') ? `[${address}]` : address}:${port}`)
      await reached.opened
      const closed = app.close()
      while (last.listening) await new Promise((resolve) => setImmediate(resolve))
      assert.equal(lifecycle.state, 'draining')
      answer.open()
      assert.equal(await (await response).text(), 'the last reply')
      await closed
      assert.equal((await lifecycle.drain()).clean, true)
    },
  },
  {
    id: 'DRN-164',
    title: 'MUST shut an application down through its close(): ready for its delay, its tasks before its databases',
    needs,
    run: async (rig) => {
      const order: string[] = []
      const working = gate()
      let instance!: FastifyInstance
      await serve(
        rig,
        async (app) => {
          instance = app
          app.addHook('preClose', async () => void order.push('preClose'))
          app.addHook('onClose', async () => void order.push('database closed'))
          app.get('/', async (request) => {
            request.exchange.after(() => working.opened.then(() => order.push('task')))
            return 'hello'
          })
        },
        (app) =>
          onStage(
            app,
            (log) => gracefulShutdown(app.lifecycle as never, instance, { log, readinessDelay: 600_000, onDrained: () => order.push('drained') }),
            async ({ emit, exited }) => {
              await app.ask()
              await app.outcome()
              emit('SIGTERM')
              assert.deepEqual([app.lifecycle.ready, app.server.listening], [false, true])
              assert.equal((await app.ask()).status, 200, 'it still accepts')
              void app.lifecycle.drain({ readinessDelay: 0 })
              while (app.server.listening) await new Promise((resolve) => setImmediate(resolve))
              working.open()
              assert.equal(await exited, 0)
              assert.deepEqual(order, ['task', 'task', 'preClose', 'database closed', 'drained'])
            },
          ),
      )
    },
  },
  {
    id: 'DRN-165',
    title: 'MUST shorten the drain of a shutdown to what Fastify waits for, and exit with 1 when its close() fails',
    needs,
    run: async (rig) => {
      const { lines, stream } = journal()
      let instance!: FastifyInstance
      await serve(
        rig,
        async (app) => {
          instance = app
          app.addHook('onClose', async () => {
            throw new Error('no database')
          })
          app.get('/', async (request) => {
            request.exchange.after(() => new Promise(() => {}))
            return 'hello'
          })
        },
        async (app) => {
          await onStage(
            app,
            (log) => gracefulShutdown(app.lifecycle as never, instance, { log, timeout: 600_000 }),
            async ({ emit, exited, log }) => {
              await app.ask()
              await app.outcome()
              emit('SIGTERM')
              assert.equal(await exited, 1)
              assert.match(String(log[0]), /1 task abandoned/)
              assert.match(String(log[1]), /^close: Error: no database/)
            },
          )
          assert.match(lines.join('\n'), /set pluginTimeout: 66\d{4} in the options of Fastify/)
        },
        { server: { pluginTimeout: 1000, logger: { level: 'warn', stream } } },
      )
    },
  },
]
