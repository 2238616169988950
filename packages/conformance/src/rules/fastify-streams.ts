import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { ended, serve } from './fastify-own.js'

const needs = ['fastify'] as const
const failure = new Error('the stream broke')

/** Stream payloads. */
export const fastifyStreamRules: readonly Rule[] = [
  {
    id: 'FAS-030',
    title: 'MUST finish a stream payload once it was sent',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app) => {
          app.get('/', async (_request, reply) => reply.send(Readable.from(['one ', 'two ', 'three'])))
          app.get('/web', async () => new Response('a web response', { status: 201 }))
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'one two three')
          assert.equal((await app.outcome()).kind, 'finished')
          assert.equal((await app.ask('/web')).body, 'a web response')
          assert.deepEqual([(await app.outcome(2)).kind, (await app.outcome(2)).status], ['finished', 201])
        },
      ),
  },
  {
    id: 'FAS-031',
    title: 'MUST finish with the error page, and the error, when a stream payload breaks before the head',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app) => {
          app.get('/', async (_request, reply) =>
            reply.send(
              new Readable({
                read() {
                  this.destroy(failure)
                },
              }),
            ),
          )
        },
        async (app) => {
          assert.equal((await app.ask()).status, 500)
          const { status, error } = await ended(app, null, null)
          assert.deepEqual([status, error], [500, failure])
        },
      ),
  },
  {
    id: 'FAS-032',
    title: 'MUST abort as server, mid-response, when a stream payload breaks after the head',
    needs,
    run: async (rig) => {
      const payload = new Readable({ read() {} })
      await serve(
        rig,
        (app) => {
          app.get('/', async (_request, reply) => {
            payload.push('a part')
            return reply.send(payload)
          })
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await client.until(/a part/)
          payload.destroy(failure)
          await client.gone()
          assert.equal((await ended(app, 'server', 'mid-response')).status, 200)
        },
      )
    },
  },
  {
    id: 'FAS-033',
    title: 'MUST abort as client, mid-response, when the client leaves a stream payload, which Fastify then destroys',
    needs,
    run: async (rig) => {
      const payload = new Readable({ read() {} })
      const destroyed = gate()
      payload.once('close', destroyed.open)
      await serve(
        rig,
        (app) => {
          app.get('/', async (_request, reply) => {
            payload.push('a part')
            return reply.send(payload)
          })
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await client.until(/a part/)
          client.reset()
          await ended(app, 'client', 'mid-response')
          await destroyed.opened
        },
      )
    },
  },
]
