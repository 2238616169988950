import assert from 'node:assert/strict'
import type { FastifyRequest } from 'fastify'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { ended, serve } from './fastify-own.js'

const needs = ['fastify'] as const

/** Clients that leave, of which Fastify's own hooks tell little or nothing. */
export const fastifyAbortRules: readonly Rule[] = [
  {
    id: 'FAS-010',
    title: 'MUST abort as client, before the commit, when the client leaves before the reply, its body parsed or not',
    needs,
    run: async (rig) => {
      for (const method of ['GET', 'POST'] as const) {
        const received = gate()
        await serve(
          rig,
          (app) => {
            app.route({
              method,
              url: '/',
              handler: async (_request, reply) => {
                received.open()
                return reply
              },
            })
          },
          async (app) => {
            const client = new RawClient(app.port)
            const fields = ['Content-Type: application/json', 'Content-Length: 7']
            await client.request(method, '/', method === 'POST' ? fields : [], method === 'POST' ? '{"a":1}' : '')
            await received.opened
            client.reset()
            const { status, error } = await ended(app, 'client', 'before-commit')
            assert.deepEqual([status, error], [null, undefined])
            assert.equal(app.faults.length, 0)
          },
        )
      }
    },
  },
  {
    id: 'FAS-011',
    title: 'MUST NOT abort exchange.signal because a parsed body was read, but when the client leaves after that',
    needs,
    run: async (rig) => {
      const received = gate<FastifyRequest>()
      const closed = gate()
      await serve(
        rig,
        (app) => {
          app.addHook('onRequest', async ({ raw, exchange }) => {
            void exchange.signal
            raw.once('close', () => closed.open())
          })
          app.post('/', async (request, reply) => {
            await closed.opened
            received.open(request)
            return reply
          })
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('POST', '/', ['Content-Type: application/json', 'Content-Length: 7'], '{"a":1}')
          const { signal } = (await received.opened).exchange
          assert.equal(signal.aborted, false)
          client.reset()
          await ended(app, 'client', 'before-commit')
          assert.equal((signal.reason as { code: string }).code, 'ERR_LIFECYCLE_CLIENT_LEFT')
        },
      )
    },
  },
  {
    id: 'FAS-012',
    title: 'MUST NOT commit or call commit listeners when Fastify sends to a client that has left',
    needs,
    run: async (rig) => {
      const received = gate()
      const left = gate()
      const sent = gate()
      let calls = 0
      await serve(
        rig,
        (app) => {
          app.get('/', async (request, reply) => {
            request.exchange.onCommit(() => calls++)
            received.open()
            await left.opened
            reply.send({ ok: true })
            setImmediate(() => sent.open())
            return reply
          })
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await received.opened
          client.reset()
          await app.outcome()
          left.open()
          await sent.opened
          const { status } = await ended(app, 'client', 'before-commit')
          assert.deepEqual([status, calls, app.faults.length], [null, 0, 0])
        },
      )
    },
  },
  {
    id: 'FAS-013',
    title: 'MUST report what a handler throws after its client has left',
    needs,
    run: async (rig) => {
      const received = gate()
      const left = gate()
      await serve(
        rig,
        (app) => {
          app.get('/', async () => {
            received.open()
            await left.opened
            throw new Error('too late')
          })
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await received.opened
          client.reset()
          assert.equal((await app.outcome()).error, undefined)
          left.open()
          assert.equal(((await app.fault()).error as Error).message, 'too late')
          await ended(app, 'client', 'before-commit')
        },
      )
    },
  },
]
