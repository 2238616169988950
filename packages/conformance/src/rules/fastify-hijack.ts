import assert from 'node:assert/strict'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { ended, serve } from './fastify-own.js'

const needs = ['fastify'] as const

/** Replies that the application takes away from Fastify. */
export const fastifyHijackRules: readonly Rule[] = [
  {
    id: 'FAS-040',
    title: 'MUST finish a hijacked reply that is written to the raw response',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app) => {
          app.get('/', async (_request, reply) => {
            reply.hijack()
            reply.raw.writeHead(202, { 'x-own': 'yes' })
            reply.raw.end('hijacked')
          })
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'hijacked')
          const { status, headers } = await ended(app, null, null)
          assert.deepEqual([status, headers['x-own']], [202, 'yes'])
        },
      ),
  },
  {
    id: 'FAS-041',
    title: 'MUST abort a hijacked reply as client when the client leaves',
    needs,
    run: async (rig) => {
      const received = gate()
      await serve(
        rig,
        (app) => {
          app.get('/', async (_request, reply) => {
            reply.hijack()
            received.open()
          })
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await received.opened
          client.reset()
          await ended(app, 'client', 'before-commit')
        },
      )
    },
  },
  {
    id: 'FAS-042',
    title: 'MUST abort a hijacked reply that is written to the socket, past the response, with nothing committed',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app) => {
          app.get('/', async (request, reply) => {
            reply.hijack()
            request.raw.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')
          })
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'ok')
          // Who ended the connection cannot be told: both sides have.
          const { kind, position, status, bytes } = await app.outcome()
          assert.deepEqual({ kind, position, status }, { kind: 'aborted', position: 'before-commit', status: null })
          assert(Number(bytes) > 0)
          await app.lifecycle.idle()
          assert.equal(app.outcomes.length, 1)
        },
      ),
  },
]
