import assert from 'node:assert/strict'
import { codes, data, FrameClient, request, rst } from '../frames.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { big, ended, streamOf } from './http2-stream.js'

const needs = ['http2'] as const

/** Replies over HTTP/2 that reach the client. */
export const replyRules: readonly Rule[] = [
  {
    id: 'H2-001',
    title: 'MUST finish an ordinary reply over HTTP/2 once, and count the bytes of its body',
    needs,
    run: (rig) =>
      rig.serve(
        ({ reply }) => reply(201, 'hellö'),
        async (app) => {
          assert.equal((await app.ask()).status, 201)
          const outcome = await ended(app, null, null)
          assert.equal(outcome.status, 201)
          assert.equal(outcome.bytes, 6)
          assert.deepEqual(Object.keys(outcome.headers).toSorted(), ['content-length', 'date'])
          assert.equal(outcome.headers['content-length'], '6')
        },
      ),
  },
  {
    id: 'H2-002',
    title: 'MUST count the body of an HTTP/2 response that was written in parts, in any encoding',
    needs,
    run: (rig) =>
      rig.serve(
        ({ res }) => {
          // The first is written at once, the others together.
          res.write('é', 'latin1')
          res.write(Buffer.from('ab'))
          res.write('abcd', 'hex')
          res.end('ef', 'hex')
        },
        async (app) => {
          await app.ask()
          assert.equal((await ended(app, null, null)).bytes, 6)
        },
      ),
  },
  {
    id: 'H2-003',
    title: 'MUST finish a HEAD request that was answered with a body, which counts no bytes',
    needs,
    run: (rig) =>
      rig.serve(
        ({ res }) => void res.end('a body'),
        async (app) => {
          await app.ask('/', { method: 'HEAD' })
          const outcome = await ended(app, null, null)
          assert.equal(outcome.status, 200)
          assert.equal(outcome.bytes, 0)
        },
      ),
  },
  {
    id: 'H2-004',
    title: 'MUST finish HTTP/2 responses without a body: 204, 304, redirects',
    needs,
    run: async (rig) => {
      for (const status of [204, 304, 302]) {
        await rig.serve(
          ({ res }) => void res.writeHead(status, { location: '/' }).end(),
          async (app) => {
            assert.equal((await app.ask()).status, status)
            assert.equal((await ended(app, null, null)).bytes, 0)
          },
        )
      }
    },
  },
  {
    id: 'H2-005',
    title: 'MUST finish an HTTP/2 response with trailers',
    needs,
    run: (rig) =>
      rig.serve(
        ({ res }) => {
          res.write('body')
          ;(res as unknown as { setTrailer(name: string, value: string): void }).setTrailer('x-sum', '1')
          res.end()
        },
        async (app) => {
          const client = new FrameClient(app.port)
          client.send(request(1))
          assert.equal(await client.body(1), 'body')
          assert.equal(client.frames.filter(({ type, stream }) => type === 'HEADERS' && stream === 1).length, 2)
          await ended(app, null, null)
          client.leave()
        },
      ),
  },
  {
    id: 'H2-006',
    title: 'MUST finish a large HTTP/2 response only once the client has taken it',
    needs,
    run: (rig) =>
      rig.serve(
        ({ res }) => void res.end(big),
        async (app) => {
          assert.equal((await app.ask()).body.length, big.length)
          assert.equal((await ended(app, null, null)).bytes, big.length)
        },
      ),
  },
  {
    id: 'H2-007',
    title: 'MUST finish a reply that came before the end of an upload without waiting for that end',
    needs,
    run: (rig) =>
      rig.serve(
        ({ req, res }) => {
          req.resume()
          res.writeHead(413).end('too large')
        },
        async (app) => {
          const client = new FrameClient(app.port)
          client.send(request(1, 'POST'), data(1, 'a part'))
          assert.equal(await client.body(1), 'too large')
          await ended(app, null, null)
          client.send(rst(1, codes.CANCEL), request(3))
          await app.outcome(2)
          assert.equal(app.outcomes.length, 2)
          client.leave()
        },
      ),
  },
  {
    id: 'H2-008',
    title: 'MUST finish a response that was written to the HTTP/2 stream itself, with the status and bytes of that',
    needs,
    run: (rig) =>
      rig.serve(
        (call) => {
          const stream = streamOf(call)
          call.exchange.onCommit(() => assert.fail('this is the way past commit listeners'))
          stream.respond({ ':status': 418, 'X-Own': 'yes', 'Set-Cookie': 'a=1' })
          assert.equal(call.exchange.phase, 'committed')
          stream.end('teapot')
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'teapot')
          const outcome = await ended(app, null, null)
          assert.equal(outcome.status, 418)
          assert.deepEqual(outcome.headers['set-cookie'], ['a=1'])
          assert.equal(outcome.headers['x-own'], 'yes')
          assert.equal(outcome.bytes, 6)
        },
      ),
  },
  {
    id: 'H2-009',
    title: 'MUST say that it cannot tell the bytes of a file that Node sent on the HTTP/2 stream',
    needs,
    run: (rig) =>
      rig.serve(
        (call) => streamOf(call).respondWithFile(process.execPath, { 'x-own': 'yes' }, { length: 100 }),
        async (app) => {
          assert.equal((await app.ask()).body.length > 0, true)
          const outcome = await ended(app, null, null)
          assert.equal(outcome.status, 200)
          assert.equal(outcome.headers['x-own'], 'yes')
          assert.equal(outcome.bytes, null)
        },
      ),
  },
  {
    id: 'H2-013',
    title: 'MUST NOT finish before the trailers that an application owes to the HTTP/2 stream were sent',
    needs,
    run: async (rig) => {
      const flushed = gate()
      await rig.serve(
        (call) => {
          const stream = streamOf(call)
          stream.respond({ ':status': 200 }, { waitForTrailers: true })
          // The compatibility API sends its own.
          stream.removeAllListeners('wantTrailers')
          stream.once('wantTrailers', () => setImmediate(() => setImmediate(() => setImmediate(flushed.open))))
          stream.end('hello')
        },
        async (app) => {
          const client = new FrameClient(app.port)
          client.send(request(1, 'POST'))
          await client.until('DATA', 1)
          await flushed.opened
          client.send(rst(1, codes.CANCEL))
          await ended(app, 'client', 'unflushed')
          client.leave()
        },
      )
    },
  },
]
