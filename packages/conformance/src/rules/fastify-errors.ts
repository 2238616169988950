import assert from 'node:assert/strict'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { ended, serve, serveBare } from './fastify-own.js'

const needs = ['fastify'] as const
const failure = new Error('it went wrong')

/** Errors on Fastify. */
export const fastifyErrorRules: readonly Rule[] = [
  {
    id: 'FAS-020',
    title: 'MUST note what a handler or a hook threw, and leave the answer to the error handler, default or not',
    needs,
    run: async (rig) => {
      for (const own of [false, true]) {
        for (const from of ['handler', 'hook', 'send']) {
          await serve(
            rig,
            (app) => {
              if (own) app.setErrorHandler((error: Error, _request, reply) => reply.code(418).send({ sorry: error.message }))
              app.addHook('preHandler', async () => {
                if (from === 'hook') throw failure
              })
              app.get('/', async (_request, reply) => {
                if (from === 'send') return reply.send(failure)
                throw failure
              })
            },
            async (app) => {
              const { status, body } = await app.ask()
              assert.equal(status, own ? 418 : 500)
              assert.match(body, /it went wrong/)
              const outcome = await ended(app, null, null)
              assert.deepEqual([outcome.status, outcome.error], [own ? 418 : 500, failure])
              assert.equal(app.faults.length, 0)
            },
          )
        }
      }
    },
  },
  {
    id: 'FAS-021',
    title: 'MUST survive a hook that fails before the plugin begins the exchange',
    needs,
    run: (rig) =>
      serveBare(
        rig,
        async (app, lifecycle) => {
          app.addHook('onRequest', async () => {
            throw failure
          })
          await app.register(lifecycle.plugin)
          app.get('/', async () => 'never')
        },
        async (app) => {
          const { status, body } = await app.ask()
          assert.equal(status, 500)
          assert.match(body, /it went wrong/)
          assert.equal(app.outcomes.length, 0)
        },
      ),
  },
  {
    id: 'FAS-022',
    title: 'MUST finish with the 503 of handlerTimeout, and ignore what the handler does after that',
    needs,
    run: async (rig) => {
      const late = gate()
      const replied = gate()
      await serve(
        rig,
        (app) => {
          app.get('/', { handlerTimeout: 20 } as object, async (_request, reply) => {
            await late.opened
            setImmediate(replied.open)
            return reply.sent ? undefined : reply.send('late')
          })
        },
        async (app) => {
          assert.equal((await app.ask()).status, 503)
          const { status, error } = await ended(app, null, null)
          assert.equal(status, 503)
          assert.equal((error as { code: string }).code, 'FST_ERR_HANDLER_TIMEOUT')
          late.open()
          await replied.opened
          assert.deepEqual([app.outcomes.length, app.faults.length], [1, 0])
        },
      )
    },
  },
  {
    id: 'FAS-023',
    title: 'MUST destroy a reply whose handler fails after the head, and report that once, over HTTP/1 and HTTP/2',
    needs,
    run: async (rig) => {
      for (const http2 of [false, true]) {
        await serve(
          rig,
          (app) => {
            app.get('/', async (_request, reply) => {
              await new Promise<void>((resolve) => void reply.raw.write('a part', () => resolve()))
              throw failure
            })
          },
          async (app) => {
            await assert.rejects(app.ask())
            assert.equal((await ended(app, 'server', 'mid-response')).error, failure)
            assert.deepEqual(app.faults.map(({ error }) => error), [failure])
          },
          { server: http2 ? { http2 } : {} },
        )
      }
    },
  },
  {
    id: 'FAS-024',
    title: 'MUST report a second head that Fastify was made to write, once, and destroy that reply',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app) => {
          app.get('/', async (_request, reply) => {
            reply.raw.writeHead(200)
            return 'a second head'
          })
        },
        async (app) => {
          await assert.rejects(app.ask())
          await ended(app, 'server', 'mid-response')
          assert.deepEqual(app.faults.map(({ error }) => (error as { code: string }).code), ['ERR_HTTP_HEADERS_SENT'])
        },
      ),
  },
]
