import assert from 'node:assert/strict'
import { after, current, type Exchange } from '@afterword/adapter-koa'
import { Router } from '@koa/router'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { serve } from './koa-own.js'

const needs = ['koa'] as const

/** Where the middleware is mounted, and what it finds there. */
export const koaMountRules: readonly Rule[] = [
  {
    id: 'KIT-001',
    title: 'MUST tell the route that @koa/router chose with its prefixes, also of a client that left, and none where none was chosen',
    needs,
    run: async (rig) => {
      const reached = gate()
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          const users = new Router({ prefix: '/users' })
          users.get('/:id', (ctx) => void (ctx.body = 'one'))
          users.get('/:id/wait', () => {
            reached.open()
            return new Promise(() => {})
          })
          const api = new Router({ prefix: '/api' }).use(users.routes())
          app.use(api.routes())
        },
        async (app) => {
          await app.ask('/api/users/7?full=1')
          assert.deepEqual([(await app.outcome()).route, app.outcomes[0]?.url], ['/api/users/:id', '/api/users/7?full=1'])
          assert.equal((await app.ask('/nothing')).status, 404)
          const { kind, status, route, error } = await app.outcome(2)
          assert.deepEqual({ kind, status, route, error }, { kind: 'finished', status: 404, route: null, error: undefined })
          const client = new RawClient(app.port)
          await client.request('GET', '/api/users/7/wait')
          await reached.opened
          client.reset()
          assert.deepEqual([(await app.outcome(3)).reason, app.outcomes[2]?.route], ['client', '/api/users/:id/wait'])
        },
      )
    },
  },
  {
    id: 'KIT-002',
    title: 'MUST begin one exchange per request, however often the middleware is mounted, and give it to the context',
    needs,
    run: async (rig) => {
      const seen = new Set<Exchange | undefined>()
      let tasks = 0
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.use(lifecycle.middleware)
          app.use(async (ctx) => {
            await Promise.resolve()
            seen.add(ctx.exchange).add(current())
            after(() => tasks++)
            ctx.body = 'hello'
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
    id: 'KIT-003',
    title: 'MUST finish a Koa reply over HTTP/2 once',
    needs,
    run: async (rig) => {
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.use((ctx) => {
            ctx.exchange.onCommit((head) => head.setHeader('x-listened', 'yes'))
            ctx.body = 'hello'
          })
        },
        async (app) => {
          const { body, headers } = await app.ask()
          assert.deepEqual([body, headers['x-listened']], ['hello', 'yes'])
          const { kind, status, bytes } = await app.outcome()
          assert.deepEqual({ kind, status, bytes }, { kind: 'finished', status: 200, bytes: 5 })
          await app.lifecycle.idle()
          assert.equal(app.outcomes.length, 1)
        },
        { server: { http2: true } },
      )
    },
  },
]
