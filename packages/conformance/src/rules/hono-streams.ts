import assert from 'node:assert/strict'
import { after, current } from '@afterword/adapter-hono'
import { stream, streamSSE } from 'hono/streaming'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { serve } from './hono-own.js'

const needs = ['hono'] as const
const bytes = (text: string) => new TextEncoder().encode(text)

/** Stream bodies, which the server reads when the middleware has returned. */
export const honoStreamRules: readonly Rule[] = [
  {
    id: 'KIT-060',
    title: 'MUST finish streams and server-sent events when they end, with the exchange found in the functions that write them',
    needs,
    run: async (rig) => {
      const ran: string[] = []
      await serve(
        rig,
        (app) => {
          app.get('/stream', (c) =>
            stream(c, async (out) => {
              await out.write('one ')
              after(({ kind }) => ran.push(`stream ${kind}`))
              await out.write('two')
            }),
          )
          app.get('/sse', (c) =>
            streamSSE(c, async (out) => {
              await out.writeSSE({ data: 'tick' })
              after(({ kind }) => ran.push(`sse ${kind}`))
            }),
          )
        },
        async (app) => {
          assert.equal((await app.ask('/stream')).body, 'one two')
          assert.match((await app.ask('/sse')).body, /data: tick/)
          await app.lifecycle.idle()
          assert.deepEqual(app.outcomes.map(({ kind, status }) => `${kind} ${status}`), ['finished 200', 'finished 200'])
          assert.deepEqual(ran, ['stream finished', 'sse finished'])
        },
      )
    },
  },
  {
    id: 'KIT-061',
    title: 'MUST find the exchange where the server pulls a stream body, if the lifecycle is attached to the server',
    needs,
    run: async (rig) => {
      const found: boolean[] = []
      await serve(
        rig,
        (app) => {
          app.get('/', (c) => {
            const exchange = c.var.exchange
            let pulls = 0
            return c.body(
              new ReadableStream({
                pull(controller) {
                  found.push(current() === exchange)
                  controller.enqueue(bytes('part '))
                  if (++pulls === 3) controller.close()
                },
              }),
            )
          })
        },
        async (app) => {
          ;(app.lifecycle as unknown as { attach(server: unknown): void }).attach(app.server)
          assert.equal((await app.ask()).body, 'part part part ')
          await app.lifecycle.idle()
          assert.deepEqual([found, app.outcomes.length, app.outcomes[0]?.route], [[true, true, true], 1, '/'])
        },
      )
    },
  },
  {
    id: 'KIT-062',
    title: 'MUST abort as client, mid-response, without a fault, when the client leaves a stream body, which is then cancelled',
    needs,
    run: async (rig) => {
      for (const way of ['reset', 'leave'] as const) {
        const cancelled = gate()
        await serve(
          rig,
          (app) => {
            app.get('/', (c) =>
              c.body(new ReadableStream({ start: (controller) => controller.enqueue(bytes('a part')), cancel: () => cancelled.open() })),
            )
          },
          async (app) => {
            const client = new RawClient(app.port)
            await client.request('GET', '/')
            await client.until(/a part/)
            client[way]()
            await cancelled.opened
            const { kind, reason, position, status } = await app.outcome()
            assert.deepEqual({ kind, reason, position, status }, { kind: 'aborted', reason: 'client', position: 'mid-response', status: 200 })
            await app.lifecycle.idle()
            assert.deepEqual([app.outcomes.length, app.faults], [1, []])
          },
        )
      }
    },
  },
]
