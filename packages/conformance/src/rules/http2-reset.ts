import assert from 'node:assert/strict'
import { codes, data, FrameClient, request, rst } from '../frames.js'
import { gate } from '../latch.js'
import type { Call } from '../rig.js'
import type { Rule } from '../rule.js'
import { big, ended, streamOf } from './http2-stream.js'

const needs = ['http2'] as const

/** Clients that reset one stream. */
export const resetRules: readonly Rule[] = [
  {
    id: 'H2-020',
    title: 'MUST abort as client, before the commit, when the stream is reset before the reply, whatever the code',
    needs,
    run: async (rig) => {
      for (const code of [codes.CANCEL, codes.NO_ERROR, codes.INTERNAL_ERROR]) {
        const received = gate<Call>()
        await rig.serve(
          (call) => received.open(call),
          async (app) => {
            const client = new FrameClient(app.port)
            client.send(request(1))
            const { exchange } = await received.opened
            const { signal } = exchange
            client.send(rst(1, code))
            const outcome = await ended(app, 'client', 'before-commit')
            assert.equal(outcome.status, null)
            assert.equal(outcome.bytes, 0)
            assert.deepEqual(outcome.headers, {})
            assert.equal((signal.reason as { code: string }).code, 'ERR_LIFECYCLE_CLIENT_LEFT')
            client.leave()
          },
        )
      }
    },
  },
  {
    id: 'H2-021',
    title: 'MUST abort a HEAD request that is reset before the reply, though its response never emits anything',
    needs,
    run: async (rig) => {
      for (const code of [codes.CANCEL, codes.NO_ERROR]) {
        const received = gate()
        await rig.serve(
          () => received.open(),
          async (app) => {
            const client = new FrameClient(app.port)
            client.send(request(1, 'HEAD'))
            await received.opened
            client.send(rst(1, code))
            assert.equal((await ended(app, 'client', 'before-commit')).status, null)
            client.leave()
          },
        )
      }
    },
  },
  {
    id: 'H2-022',
    title: 'MUST abort as client, mid-response, when the stream is reset between the head and the end',
    needs,
    run: async (rig) => {
      for (const code of [codes.CANCEL, codes.NO_ERROR, codes.INTERNAL_ERROR]) {
        await rig.serve(
          ({ res }) => void res.write('a part'),
          async (app) => {
            const client = new FrameClient(app.port)
            client.send(request(1))
            await client.until('DATA', 1)
            client.send(rst(1, code))
            const outcome = await ended(app, 'client', 'mid-response')
            assert.equal(outcome.status, 200)
            assert.equal(outcome.bytes, 6)
            client.leave()
          },
        )
      }
    },
  },
  {
    id: 'H2-023',
    title: 'MUST abort as client, unflushed, when the stream is reset after the end but before all was taken',
    needs,
    run: async (rig) => {
      for (const write of [(call: Call) => call.res.end(big), (call: Call) => streamOf(call).respond({ ':status': 200 }) ?? streamOf(call).end(big)]) {
        await rig.serve(
          (call) => void write(call),
          async (app) => {
            const client = new FrameClient(app.port)
            client.send(request(1))
            await client.until('DATA', 1)
            client.send(rst(1, codes.CANCEL))
            await ended(app, 'client', 'unflushed')
            client.leave()
          },
        )
      }
    },
  },
  {
    id: 'H2-028',
    title: 'MUST abort as client, unflushed, when the stream is reset without an error after the end, of which Node before 26 tells nothing',
    needs,
    run: async (rig) => {
      for (const method of ['GET', 'POST'] as const) {
        const received = gate<Call>()
        await rig.serve(
          (call) => {
            if (method === 'POST') call.req.resume()
            call.res.end(big)
            received.open(call)
          },
          async (app) => {
            const client = new FrameClient(app.port)
            client.send(request(1, method))
            const stream = streamOf(await received.opened)
            await client.until('DATA', 1)
            client.send(rst(1, codes.NO_ERROR))
            await ended(app, 'client', 'unflushed')
            assert.equal(stream.destroyed, true)
            client.leave()
          },
        )
      }
    },
  },
  {
    id: 'H2-024',
    title: 'MUST abort an upload that is reset half way, although the handler sees its end and answers',
    needs,
    run: async (rig) => {
      for (const frames of [[rst(1, codes.CANCEL)], [data(1, 'the rest', true), rst(1, codes.CANCEL)]]) {
        const reading = gate()
        const answered = gate()
        await rig.serve(
          async ({ req, res }) => {
            req.once('data', () => reading.open())
            req.once('end', () => {
              res.end('thank you')
              answered.open()
            })
          },
          async (app) => {
            const client = new FrameClient(app.port)
            client.send(request(1, 'POST'), data(1, 'a part'))
            await reading.opened
            client.send(...frames)
            await answered.opened
            const outcome = await app.outcome()
            assert.equal(outcome.kind, 'aborted')
            assert.equal(outcome.reason, 'client')
            await app.lifecycle.idle()
            assert.equal(app.outcomes.length, 1)
            client.leave()
          },
        )
      }
    },
  },
  {
    id: 'H2-025',
    title: 'MUST abort at once when the stream is reset while its body waits to be read',
    needs,
    run: async (rig) => {
      const received = gate()
      await rig.serve(
        (call) => {
          streamOf(call).once('readable', received.open)
        },
        async (app) => {
          const client = new FrameClient(app.port)
          client.send(request(1, 'POST'), data(1, 'a part'))
          await received.opened
          client.send(rst(1, codes.NO_ERROR))
          await ended(app, 'client', 'before-commit')
          client.leave()
        },
      )
    },
  },
  {
    id: 'H2-026',
    title: 'MUST NOT commit or call commit listeners when an HTTP/2 handler replies to an abort',
    needs,
    run: async (rig) => {
      const received = gate()
      const late = gate()
      let calls = 0
      await rig.serve(
        ({ req, res, exchange }) => {
          exchange.onCommit(() => calls++)
          req.once('aborted', () => {
            res.writeHead(500)
            res.end()
            late.open()
          })
          received.open()
        },
        async (app) => {
          const client = new FrameClient(app.port)
          client.send(request(1))
          await received.opened
          client.send(rst(1, codes.CANCEL))
          await late.opened
          assert.equal((await ended(app, 'client', 'before-commit')).status, null)
          assert.equal(calls, 0)
          client.leave()
        },
      )
    },
  },
  {
    id: 'H2-027',
    title: 'MUST end every stream of a session for itself',
    needs,
    run: async (rig) => {
      const second = gate()
      await rig.serve(
        async ({ req, reply }) => {
          if (req.url === '/' && req.method === 'POST') return
          await second.opened
          reply(200, 'fine')
        },
        async (app) => {
          const client = new FrameClient(app.port)
          client.send(request(1, 'POST'), request(3), rst(1, codes.CANCEL))
          assert.equal((await app.outcome()).kind, 'aborted')
          second.open()
          assert.equal((await app.outcome(2)).kind, 'finished')
          assert.equal(await client.body(3), 'fine')
          client.leave()
        },
      )
    },
  },
]
