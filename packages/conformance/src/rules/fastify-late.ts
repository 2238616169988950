import assert from 'node:assert/strict'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { settled } from '../landing.js'
import { gate, Latch } from '../latch.js'
import type { Rig } from '../rig.js'
import type { Rule } from '../rule.js'
import { type Build, serve } from './fastify-own.js'

const needs = ['fastify'] as const
const failure = new Error('it went wrong')

function fail(): never {
  throw failure
}

/** What Fastify's own log and error handler were told, besides the sink. */
interface Told {
  readonly logged: Latch<unknown>
  readonly handled: Latch<unknown>
}

/** Serves an application with an error handler and a logger of its own. */
async function serveTold(rig: Rig, build: Build, use: (app: Parameters<Parameters<typeof serve>[2]>[0], told: Told) => Promise<void>): Promise<void> {
  const told: Told = { logged: new Latch(), handled: new Latch() }
  const stream = { write: (line: string) => told.logged.add((JSON.parse(line) as { err?: { message: string } }).err?.message) }
  await serve(
    rig,
    (app, lifecycle) => {
      app.setErrorHandler((error, _request, reply) => {
        told.handled.add(error)
        return reply.code(500).send('sorry')
      })
      return build(app, lifecycle)
    },
    (app) => use(app, told),
    { server: { logger: { level: 'warn', stream } } },
  )
}

/** Handlers that fail when their reply has been sent, or is somebody else's. */
const late: Record<string, (reply: FastifyReply) => unknown> = {
  'sync, after reply.send': (reply) => (reply.send('hello'), fail()),
  async 'async, after reply.send'(reply) {
    void reply.send('hello')
    await Promise.resolve()
    fail()
  },
  'a promise of its own': (reply) => Promise.resolve(reply.send('hello')).then(fail),
  async 'after the end'(reply) {
    const ended = gate()
    reply.request.exchange.after(() => ended.open())
    void reply.send('hello')
    await ended.opened
    fail()
  },
  'sync, hijacked': (reply) => (reply.hijack(), reply.raw.end('hello'), fail()),
  async 'async, hijacked and not answered yet'(reply) {
    reply.hijack()
    setImmediate(() => setImmediate(() => reply.raw.end('hello')))
    fail()
  },
}

/** Errors that come too late for Fastify. */
export const fastifyLateRules: readonly Rule[] = [
  {
    id: 'FLT-150',
    title: 'MUST send what a handler throws after reply.send, or behind reply.hijack, to the sink, once, and to nothing of Fastify\'s',
    needs,
    run: async (rig) => {
      for (const [name, handler] of Object.entries(late)) {
        await serveTold(
          rig,
          (app) => void app.get('/', (_request, reply) => handler(reply)),
          async (app, told) => {
            assert.equal((await app.ask()).body, 'hello', name)
            await app.fault()
            await settled(app)
            assert.deepEqual(app.faults.map(({ error, fault }) => [error, fault.source]), [[failure, 'handler']], name)
            assert.deepEqual([told.logged.items, told.handled.items], [[], []], name)
            assert.equal(app.outcomes[0]?.kind, 'finished')
          },
        )
      }
    },
  },
  {
    id: 'FLT-151',
    title: 'MUST leave what handlers and hooks throw before the head to setErrorHandler, with the results and the `this` they had',
    needs,
    run: async (rig) => {
      const seen: unknown[] = []
      const build = (app: FastifyInstance): void => {
        app.get('/sync', fail)
        app.get('/async', async () => fail())
        app.get('/validated', { schema: { querystring: { type: 'object', required: ['q'] } } }, async () => 'never')
        app.get('/value', () => 'sync value' as never)
        app.get('/promise', async () => ({ some: 'value' }))
        app.get('/this', async function () {
          seen.push(this.constructor === app.constructor && this.server === app.server)
          return 'this'
        })
      }
      await serveTold(rig, build, async (app, told) => {
        for (const path of ['/sync', '/async', '/validated']) assert.equal((await app.ask(path)).body, 'sorry', path)
        assert.equal((await app.ask('/promise')).body, '{"some":"value"}')
        // The HEAD route that Fastify makes of it.
        assert.equal((await app.ask('/promise', { method: 'HEAD' })).headers['content-length'], '16')
        assert.equal((await app.ask('/this')).body, 'this')
        await settled(app)
        assert.deepEqual(seen, [true])
        assert.equal(told.handled.items.length, 3)
        assert.deepEqual(app.faults, [])
      })
    },
  },
  {
    id: 'FLT-152',
    title: 'MUST send what an onResponse hook throws to the sink, once, and call the other hooks',
    needs,
    run: async (rig) => {
      const hooks: Parameters<FastifyInstance['addHook']>[1][] = [
        fail,
        async () => fail(),
        ((_request: never, _reply: never, done: (error: Error) => void) => done(failure)) as never,
      ]
      for (const hook of hooks) {
        for (const where of ['instance', 'child', 'route'] as const) {
          let others = 0
          await serveTold(
            rig,
            async (app) => {
              await app.register(async (child) => {
                const onResponse = where === 'route' ? { onResponse: hook as never } : {}
                if (where === 'child') child.addHook('onResponse', hook as never)
                child.get('/', onResponse, async () => 'hello')
                child.addHook('onResponse', async () => void others++)
              })
              if (where === 'instance') app.addHook('onResponse', hook as never)
              app.addHook('onResponse', (_request, _reply, done) => {
                others++
                done()
              })
            },
            async (app, told) => {
              assert.equal((await app.ask()).body, 'hello')
              await app.fault()
              await settled(app)
              const faults = app.faults.map(({ error, fault }) => [error, fault.source, fault.route])
              assert.deepEqual(faults, [[failure, 'hook', '/']], `${where}: ${hook}`)
              assert.deepEqual([told.logged.items, told.handled.items, others], [[], [], 2], `${where}: ${hook}`)
            },
          )
        }
      }
    },
  },
  {
    id: 'FLT-153',
    title: 'MUST report a handler that fails after the head once, and answer with nothing of Fastify\'s',
    needs,
    run: async (rig) => {
      const ways: Record<string, (reply: FastifyReply) => unknown> = {
        async rejects(reply) {
          reply.raw.writeHead(200)
          await new Promise<void>((resolve) => void reply.raw.write('a part', () => resolve()))
          fail()
        },
        throws(reply) {
          reply.raw.writeHead(200)
          reply.raw.write('a part')
          fail()
        },
        sends(reply) {
          reply.raw.writeHead(200)
          reply.raw.write('a part')
          void reply.send(failure)
        },
      }
      for (const [name, way] of Object.entries(ways)) {
        await serveTold(
          rig,
          (app) => void app.get('/', (_request, reply) => way(reply)),
          async (app, told) => {
            await assert.rejects(app.ask())
            assert.equal((await app.outcome()).position, 'mid-response')
            await settled(app)
            assert.deepEqual(app.faults.map(({ error }) => error), [failure], name)
            assert.deepEqual([told.logged.items, told.handled.items], [[], []], name)
          },
        )
      }
    },
  },
]
