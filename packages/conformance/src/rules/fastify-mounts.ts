import assert from 'node:assert/strict'
import { after, current } from '@afterword/adapter-fastify'
import type { Rule } from '../rule.js'
import { ended, serve, serveBare } from './fastify-own.js'

const needs = ['fastify'] as const

/** Where the plugin is registered, and what its requests carry. */
export const fastifyMountRules: readonly Rule[] = [
  {
    id: 'FAS-001',
    title: 'MUST tell the route with its prefixes, and the url as the client sent it, from inside encapsulated plugins',
    needs,
    run: (rig) =>
      serve(
        rig,
        async (app) => {
          await app.register(
            async (api) => {
              await api.register(async (users) => users.get('/:id', async (request) => request.exchange.id), { prefix: '/users' })
            },
            { prefix: '/api' },
          )
        },
        async (app) => {
          assert.match((await app.ask('/v1/api/users/7?full=1')).body, /^\w+-\w+$/)
          const { route, url } = await ended(app, null, null)
          assert.deepEqual({ route, url }, { route: '/api/users/:id', url: '/v1/api/users/7?full=1' })
        },
        { server: { rewriteUrl: ({ url }: { url: string }) => url.replace('/v1', '') } },
      ),
  },
  {
    id: 'FAS-002',
    title: 'MUST finish what no route takes, by the default 404 handler or one of the application, without a route',
    needs,
    run: async (rig) => {
      for (const own of [false, true]) {
        await serve(
          rig,
          (app) => {
            if (own) app.setNotFoundHandler((_request, reply) => reply.code(404).send('nothing here'))
          },
          async (app) => {
            assert.equal((await app.ask('/nothing')).status, 404)
            const { status, route } = await ended(app, null, null)
            assert.deepEqual({ status, route }, { status: 404, route: null })
          },
        )
      }
    },
  },
  {
    id: 'FAS-003',
    title: 'MUST begin one exchange per request and report a fault once, however often the plugin is registered',
    needs,
    run: async (rig) => {
      let tasks = 0
      await serveBare(
        rig,
        async (app, lifecycle) => {
          await app.register(lifecycle.plugin)
          await app.register(lifecycle.plugin)
          await app.register(async (child) => {
            await child.register(lifecycle.plugin)
            child.get('/', async (request, reply) => {
              request.exchange.after(() => tasks++)
              after(() => tasks++)
              reply.raw.write('a part')
              throw new Error('half way')
            })
          })
        },
        async (app) => {
          await assert.rejects(app.ask('/'))
          await ended(app, 'server', 'mid-response')
          assert.deepEqual([tasks, app.faults.length], [2, 1])
        },
      )
    },
  },
  {
    id: 'FAS-004',
    title: 'MUST take tasks from every hook of a request, with and without the async context',
    needs,
    run: async (rig) => {
      const ran: string[] = []
      const hooks = ['onRequest', 'preParsing', 'preValidation', 'preHandler', 'preSerialization', 'onSend', 'onResponse'] as const
      await serve(
        rig,
        (app) => {
          for (const hook of hooks) {
            app.addHook(hook as 'onRequest', async (request) => {
              request.exchange.after(() => ran.push(hook))
              after(() => ran.push(`${hook}, ambient`))
            })
          }
          app.post('/', async () => ({ ok: true }))
        },
        async (app) => {
          await app.ask('/', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' })
          await app.outcome()
          // Fastify calls onResponse at the end, so the order is open.
          while (ran.length < hooks.length * 2) await app.lifecycle.nextChange()
          await app.lifecycle.idle()
          assert.deepEqual(ran.toSorted(), hooks.flatMap((hook) => [hook, `${hook}, ambient`]).toSorted())
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'FAS-005',
    title: 'MUST keep the async context in the handler of a request whose body was parsed',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app) => {
          app.post('/', async (request) => ({ same: current() === request.exchange, body: request.body }))
        },
        async (app) => {
          const body = JSON.stringify({ text: 'x'.repeat(100_000) })
          const reply = await app.ask('/', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
          const answer = JSON.parse(reply.body) as { same: boolean; body: unknown }
          assert.deepEqual(answer, { same: true, body: JSON.parse(body) })
        },
      ),
  },
  {
    id: 'FAS-006',
    title: 'MUST tell the route of what a hook answers before the handler, in the hook and in the outcome',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app) => {
          app.addHook('onRequest', async (request, reply) => reply.code(401).send(request.exchange.route))
          app.get('/:id', async () => 'never')
        },
        async (app) => {
          assert.equal((await app.ask('/7')).body, '/:id')
          const { status, route } = await ended(app, null, null)
          assert.deepEqual({ status, route }, { status: 401, route: '/:id' })
        },
      ),
  },
]
