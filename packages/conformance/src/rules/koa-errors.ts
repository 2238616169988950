import assert from 'node:assert/strict'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { serve } from './koa-own.js'

const needs = ['koa'] as const
const failure = new Error('it went wrong')

/** What the middleware of an application throws. */
export const koaErrorRules: readonly Rule[] = [
  {
    id: 'KIT-010',
    title: 'MUST leave what is thrown before the head to Koa, its answer and its error event unchanged, and note it in the outcome',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.use((ctx) => {
            if (ctx.path === '/teapot') ctx.throw(418, 'short and stout', { headers: { 'x-kind': 'teapot' } })
            if (ctx.path === '/none') throw undefined
            throw failure
          })
        },
        async (app, emitted) => {
          const { status, body } = await app.ask()
          assert.deepEqual([status, body], [500, 'Internal Server Error'])
          assert.equal((await app.outcome()).error, failure)
          const teapot = await app.ask('/teapot')
          assert.deepEqual([teapot.status, teapot.body, teapot.headers['x-kind']], [418, 'short and stout', 'teapot'])
          assert.deepEqual([(await app.outcome(2)).kind, app.outcomes[1]?.status], ['finished', 418])
          assert.match(String(app.outcomes[1]?.error), /short and stout/)
          await app.lifecycle.idle()
          assert.deepEqual([emitted, app.faults], [['it went wrong', 'short and stout'], []])
        },
      ),
  },
  {
    id: 'KIT-011',
    title: 'MUST pass an error on to error handlers that are mounted before it, and hear nothing of those that one behind it handles',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app, lifecycle) => {
          app.use(async (ctx, next) => {
            try {
              await next()
            } catch (error) {
              ctx.status = 503
              ctx.body = `sorry: ${(error as Error).message}`
            }
          })
          app.use(lifecycle.middleware)
          app.use(async (ctx, next) => {
            try {
              await next()
            } catch (error) {
              if (ctx.path !== '/inside') throw error
              ctx.body = 'handled inside'
            }
          })
          app.use(() => {
            throw failure
          })
        },
        async (app, emitted) => {
          assert.equal((await app.ask()).body, 'sorry: it went wrong')
          assert.deepEqual([(await app.outcome()).status, app.outcomes[0]?.error], [503, failure])
          assert.equal((await app.ask('/inside')).body, 'handled inside')
          assert.deepEqual([(await app.outcome(2)).status, app.outcomes[1]?.error], [200, undefined])
          assert.deepEqual([emitted, app.faults], [[], []])
        },
      ),
  },
  {
    id: 'KIT-012',
    title: 'MUST report what is thrown after the head once, to the sink, destroy that response, and tell neither Koa nor error handlers',
    needs,
    run: async (rig) => {
      const told: unknown[] = []
      await serve(
        rig,
        (app, lifecycle) => {
          app.use((_ctx, next) => next().catch((error: unknown) => told.push(error)))
          app.use(lifecycle.middleware)
          app.use((ctx) => {
            ctx.status = 200
            ctx.res.write('a part')
            throw failure
          })
        },
        async (app, emitted) => {
          await assert.rejects(app.ask())
          const { kind, reason, position, status, error } = await app.outcome()
          assert.deepEqual({ kind, reason, position, status }, { kind: 'aborted', reason: 'server', position: 'mid-response', status: 200 })
          assert.equal(error, failure)
          await app.lifecycle.idle()
          assert.deepEqual(app.faults.map((each) => [each.error, each.fault.source]), [[failure, 'handler']])
          assert.deepEqual([emitted, told], [[], []])
        },
      )
    },
  },
  {
    id: 'KIT-013',
    title: 'MUST report what is thrown after the end once, to the sink, and answer the next request on that connection',
    needs,
    run: async (rig) => {
      const ended = gate()
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.use(async (ctx) => {
            if (ctx.path === '/next') {
              ctx.body = 'second'
              return
            }
            ctx.res.writeHead(200, { 'content-length': '5' }).end('first')
            await ended.opened
            throw failure
          })
        },
        async (app, emitted) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/late')
          await client.until(/first/)
          await app.outcome()
          ended.open()
          assert.equal((await app.fault()).error, failure)
          await client.request('GET', '/next')
          await client.until(/second/)
          assert.deepEqual([(await app.outcome(2)).kind, app.faults.length, emitted], ['finished', 1, []])
          client.leave()
        },
      )
    },
  },
  {
    id: 'KIT-014',
    title: 'MUST report what is thrown after the client has left once, to the sink, and tell no error handler',
    needs,
    run: async (rig) => {
      const reached = gate()
      const left = gate()
      const passed = gate()
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(async (_ctx, next) => {
            await next()
            passed.open()
          })
          app.use(lifecycle.middleware)
          app.use(async () => {
            reached.open()
            await left.opened
            throw failure
          })
        },
        async (app, emitted) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await reached.opened
          client.reset()
          assert.deepEqual([(await app.outcome()).reason, app.outcomes[0]?.status], ['client', null])
          left.open()
          assert.equal((await app.fault()).error, failure)
          await passed.opened
          assert.equal(app.faults.length, 1)
          // Of the connection Koa hears by itself.
          assert.deepEqual(emitted.filter((message) => message === failure.message), [])
        },
      )
    },
  },
]
