import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, current } from '@afterword/adapter-fastify'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { ended, serve } from './fastify-own.js'

const needs = ['inject', 'fastify'] as const

/** Requests without a socket: light-my-request, through Fastify's `app.inject`. */
export const injectRules: readonly Rule[] = [
  {
    id: 'INJ-001',
    title: 'MUST finish an injected request once, and run its tasks once, although finish is emitted twice',
    needs,
    run: async (rig) => {
      let instance!: FastifyInstance
      let finishes = 0
      let tasks = 0
      await serve(
        rig,
        (app) => {
          instance = app
          app.get('/:name', async (request, reply) => {
            reply.raw.on('finish', () => finishes++)
            request.exchange.onCommit((head) => head.setHeader('x-committed', 'yes'))
            after(() => tasks++)
            return reply.code(201).send({ ok: true })
          })
        },
        async (app) => {
          const { statusCode, headers } = await instance.inject('/you')
          assert.deepEqual([statusCode, headers['x-committed']], [201, 'yes'])
          const { status, route, bytes } = await ended(app, null, null)
          assert.deepEqual({ status, route, bytes }, { status: 201, route: '/:name', bytes: null })
          await new Promise((resolve) => setImmediate(resolve))
          assert.deepEqual([tasks, finishes, app.outcomes.length], [1, 2, 1])
        },
      )
    },
  },
  {
    id: 'INJ-002',
    title: 'MUST treat injected bodies, streams, errors, HEAD and 404 as it treats those from a socket',
    needs,
    run: async (rig) => {
      let instance!: FastifyInstance
      await serve(
        rig,
        (app) => {
          instance = app
          app.post('/', async (request) => ({ same: current() === request.exchange }))
          app.get('/stream', async (_request, reply) => reply.send(Readable.from(['one ', 'two'])))
          app.get('/error', async () => {
            throw new Error('it went wrong')
          })
        },
        async (app) => {
          assert.deepEqual((await instance.inject({ method: 'POST', url: '/', payload: { a: 1 } })).json(), { same: true })
          assert.equal((await instance.inject('/stream')).body, 'one two')
          assert.equal((await instance.inject({ method: 'HEAD', url: '/stream' })).statusCode, 200)
          assert.equal((await instance.inject('/error')).statusCode, 500)
          assert.equal((await instance.inject('/nothing')).statusCode, 404)
          await app.outcome(5)
          await app.lifecycle.idle()
          assert.deepEqual(app.outcomes.map(({ kind, status }) => [kind, status]), [200, 200, 200, 500, 404].map((status) => ['finished', status]))
          assert.equal(String(app.outcomes[3]?.error), 'Error: it went wrong')
        },
      )
    },
  },
  {
    id: 'INJ-003',
    title: 'MUST keep an injected request open that is never answered, until the deadline',
    needs,
    run: async (rig) => {
      let instance!: FastifyInstance
      await serve(
        rig,
        (app) => {
          instance = app
          app.get('/', (_request, reply) => void reply)
        },
        async (app) => {
          const rejected = assert.rejects(instance.inject('/'))
          const { status } = await ended(app, 'deadline', 'before-commit')
          assert.equal(status, null)
          await rejected
        },
        { exchangeTimeout: 50 },
      )
    },
  },
  {
    id: 'INJ-004',
    title: 'MUST abort an injected request once when its response or its request is destroyed, or its signal aborts',
    needs,
    run: async (rig) => {
      const ways: ((reply: FastifyReply, controller: AbortController) => void)[] = [
        (reply) => reply.raw.destroy(),
        (reply) => reply.raw.destroy(new Error('given up')),
        // What is written then goes nowhere.
        ({ raw }) => {
          raw.destroy()
          raw.writeHead(200)
        },
        (reply) => reply.request.raw.destroy(),
        (_reply, controller) => controller.abort(),
      ]
      for (const giveUp of ways) {
        // A reply is a thenable, so it does not come out of a promise.
        const received = gate<{ reply: FastifyReply }>()
        const controller = new AbortController()
        let instance!: FastifyInstance
        await serve(
          rig,
          (app) => {
            instance = app
            app.get('/', (_request, reply) => received.open({ reply }))
          },
          async (app) => {
            const rejected = assert.rejects(instance.inject({ url: '/', signal: controller.signal }))
            giveUp((await received.opened).reply, controller)
            const { kind, position, status } = await app.outcome()
            assert.deepEqual({ kind, position, status }, { kind: 'aborted', position: 'before-commit', status: null })
            await rejected
            await app.lifecycle.idle()
            assert.equal(app.outcomes.length, 1)
          },
        )
      }
    },
  },
]
