import assert from 'node:assert/strict'
import { after, current, type Exchange } from '@afterword/adapter-hono'
import { Hono } from 'hono'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { serve } from './hono-own.js'

const needs = ['hono'] as const

/** Where the middleware is mounted, and what it finds there. */
export const honoMountRules: readonly Rule[] = [
  {
    id: 'KIT-040',
    title: 'MUST tell the route that Hono chose with its base path, in the handler, at the end and of a client that left, and none where middleware answered',
    needs,
    run: async (rig) => {
      const reached = gate()
      const inside: (string | null)[] = []
      await serve(
        rig,
        (app) => {
          app.use('/secret/*', async (c, next) => (c.req.query('key') === undefined ? c.text('no', 401) : next()))
          const users = new Hono()
          users.use(async (_c, next) => next())
          users.get('/:id', (c) => {
            inside.push(c.var.exchange.route)
            return c.text('one')
          })
          users.get('/:id/wait', () => {
            reached.open()
            return new Promise<never>(() => {})
          })
          users.all('/any/thing', (c) => c.text('any'))
          app.route('/api/users', users)
        },
        async (app) => {
          const asked = ['/api/users/7?full=1', '/nothing', '/secret/door', '/api/users/any/thing']
          for (const path of asked) await app.ask(path)
          const client = new RawClient(app.port)
          await client.request('GET', '/api/users/7/wait')
          await reached.opened
          client.reset()
          assert.equal((await app.outcome(5)).reason, 'client')
          assert.deepEqual(
            app.outcomes.map(({ status, route }) => `${status} ${route}`),
            ['200 /api/users/:id', '404 null', '401 null', '200 /api/users/any/thing', 'null /api/users/:id/wait'],
          )
          assert.deepEqual([inside, app.outcomes[0]?.url], [['/api/users/:id'], '/api/users/7?full=1'])
        },
      )
    },
  },
  {
    id: 'KIT-041',
    title: 'MUST begin one exchange per request, however often the middleware is mounted, and give it to the context',
    needs,
    run: async (rig) => {
      const seen = new Set<Exchange | undefined>()
      let tasks = 0
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.get('/', lifecycle.middleware, async (c) => {
            await Promise.resolve()
            seen.add(c.get('exchange')).add(c.var.exchange).add(current())
            after(() => tasks++)
            return c.text('hello')
          })
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'hello')
          await app.lifecycle.idle()
          assert.deepEqual([app.outcomes.length, seen.size, seen.has(undefined), tasks], [1, 1, false, 1])
        },
      )
    },
  },
  {
    id: 'KIT-042',
    title: 'MUST pass on, without an exchange, what has no response of Node\'s: app.request() and upgrades',
    needs,
    run: async (rig) => {
      await serve(
        rig,
        (app) => {
          app.get('/', (c) => c.text(String(c.get('exchange'))))
          app.get('/test', async (c) => {
            const replies = [await app.request('/'), await app.request('/', {}, { incoming: c.env.incoming })]
            return c.json(await Promise.all(replies.map((reply) => reply.text())))
          })
        },
        async (app) => {
          assert.deepEqual(JSON.parse((await app.ask('/test')).body), ['undefined', 'undefined'])
          await app.lifecycle.idle()
          assert.deepEqual(app.outcomes.map(({ url }) => url), ['/test'])
        },
      )
    },
  },
  {
    id: 'KIT-043',
    title: 'MUST finish a Hono reply over HTTP/2 once',
    needs,
    run: async (rig) => {
      await serve(
        rig,
        (app) => {
          app.get('/', (c) => {
            c.var.exchange.onCommit((head) => head.setHeader('x-listened', 'yes'))
            return c.text('hello')
          })
        },
        async (app) => {
          const { body, headers } = await app.ask()
          assert.deepEqual([body, headers['x-listened']], ['hello', 'yes'])
          const { kind, status, bytes, route } = await app.outcome()
          assert.deepEqual({ kind, status, bytes, route }, { kind: 'finished', status: 200, bytes: 5, route: '/' })
          await app.lifecycle.idle()
          assert.equal(app.outcomes.length, 1)
        },
        { server: { http2: true } },
      )
    },
  },
]
