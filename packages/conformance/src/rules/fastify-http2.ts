import assert from 'node:assert/strict'
import type { FastifyInstance } from 'fastify'
import { codes, data, FrameClient, request, rst } from '../frames.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { ended, serve } from './fastify-own.js'

const needs = ['fastify'] as const
const overHttp2 = { server: { http2: true } }

/** Fastify over HTTP/2. */
export const fastifyHttp2Rules: readonly Rule[] = [
  {
    id: 'FAS-050',
    title: 'MUST finish a Fastify reply over HTTP/2 once',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app) => {
          app.post('/', async (incoming, reply) => reply.code(201).send(incoming.body))
        },
        async (app) => {
          const reply = await app.ask('/', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' })
          assert.deepEqual([reply.status, reply.body], [201, '{"a":1}'])
          const { status, bytes, route } = await ended(app, null, null)
          assert.deepEqual({ status, bytes, route }, { status: 201, bytes: 7, route: '/' })
        },
        overHttp2,
      ),
  },
  {
    id: 'FAS-051',
    title: 'MUST abort a Fastify request over HTTP/2 once, as client, when its stream is reset',
    needs,
    run: async (rig) => {
      for (const method of ['GET', 'POST', 'HEAD'] as const) {
        const received = gate()
        await serve(
          rig,
          (app: FastifyInstance) => {
            app.addContentTypeParser('*', (_request, payload, done) => void payload.resume().once('end', () => done(null)))
            app.addHook('onRequest', async () => received.open())
            app.all('/', async (_request, reply) => reply.hijack())
          },
          async (app) => {
            const client = new FrameClient(app.port)
            client.send(request(1, method))
            await received.opened
            if (method === 'POST') client.send(data(1, 'a part'))
            await client.ping()
            client.send(rst(1, codes.CANCEL))
            await ended(app, 'client', 'before-commit')
            client.leave()
          },
          overHttp2,
        )
      }
    },
  },
]
