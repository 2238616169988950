import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { type IncomingMessage, request as requestHttp1, type ServerResponse } from 'node:http'
import { RawClient, readAll } from '../client.js'
import type { Call, Rig } from '../rig.js'
import type { Rule } from '../rule.js'
import { assertEndedOnce, assertFinished } from './normal-framing.js'

/** What comes before the head and after the body. 1xx is not the commit, and trailers are not a second end. */
export const normalInformationalRules: readonly Rule[] = [
  {
    id: 'END-120',
    title: 'MUST finish a reply with trailers',
    run: (rig) =>
      rig.serve(
        ({ res }) => {
          res.writeHead(200, { trailer: 'x-sum' })
          res.write('hello')
          res.addTrailers({ 'x-sum': '42' })
          res.end()
        },
        async (app) => {
          assert.equal((await trailersOf(rig, app.port))['x-sum'], '42')
          const { headers } = assertFinished(await app.outcome(), 200)
          assert(!('x-sum' in headers))
          assertEndedOnce(app, 1)
        },
      ),
  },
  {
    id: 'END-121',
    title: 'MUST NOT take 103 Early Hints for the commit',
    run: (rig) => informs(rig, (res) => res.writeEarlyHints({ link: '</style.css>; rel=preload' })),
  },
  {
    id: 'END-122',
    title: 'MUST NOT take 102 Processing for the commit',
    needs: ['http1'],
    run: (rig) => informs(rig, (res) => res.writeProcessing()),
  },
  {
    id: 'END-123',
    title: 'MUST NOT take 100 Continue for the commit',
    run: (rig) => informs(rig, (res) => res.writeContinue()),
  },
  {
    id: 'END-124',
    title: 'MUST finish an exchange whose body was asked for with 100 Continue by the server itself',
    needs: ['http1'],
    run: (rig) =>
      rig.serve(
        async (call) => {
          const body = await call.read()
          call.reply(200, `got ${body.length}`)
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('POST', '/', ['Expect: 100-continue', 'Content-Length: 5'])
          await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/)
          assert.equal(app.lifecycle.unended, 1)
          await client.send('hello')
          await client.until(/\r\ngot 5$/)
          assertFinished(await app.outcome(), 200)
          client.leave()
          assertEndedOnce(app, 1)
        },
      ),
  },
  {
    id: 'END-125',
    title: 'MUST finish an exchange of Expect: 100-continue that is rejected without the body',
    needs: ['http1'],
    run: (rig) =>
      rig.serve(
        ({ reply }) => reply(417, 'no', { connection: 'close' }),
        async (app) => {
          // Without a listener Node says 100 before the handler runs.
          app.server.on('checkContinue', (req, res) => app.server.emit('request', req, res))
          const client = new RawClient(app.port)
          await client.request('POST', '/', ['Expect: 100-continue', 'Content-Length: 5'])
          await client.gone()
          assert.match(client.received, /^HTTP\/1\.1 417 .*\r\n\r\nno$/s)
          assertFinished(await app.outcome(), 417)
          assertEndedOnce(app, 1)
        },
      ),
  },
  {
    id: 'END-126',
    title: 'MUST finish a refusal of an upload that the server never read',
    needs: ['http1'],
    run: (rig) =>
      rig.serve(
        ({ reply }) => reply(413, 'too large', { connection: 'close' }),
        async (app) => {
          const client = new RawClient(app.port)
          const upload = Buffer.alloc(50 * 1024 * 1024, 'x')
          await client.request('POST', '/', [`Content-Length: ${upload.length}`])
          // Its end is EPIPE or a reset, and the answer may be lost with it: nothing the server can know.
          client.socket.write(upload)
          assertFinished(await app.outcome(), 413)
          await client.gone()
          assertEndedOnce(app, 1)
        },
      ),
  },
]

/** Informs the client first, then replies: the commit comes with the reply, and the listener only then. */
async function informs(rig: Rig, inform: (res: ServerResponse) => void): Promise<void> {
  const order: string[] = []
  await rig.serve(
    ({ res, exchange }: Call) => {
      exchange.onCommit((head) => {
        order.push('commit')
        head.setHeader('x-commit', order.join())
      })
      inform(res)
      order.push(`informed ${exchange.phase} ${String(res.headersSent)}`)
      res.statusCode = 201
      res.end('hello')
    },
    async (app) => {
      const reply = await app.ask()
      assert.deepEqual([reply.status, reply.body], [201, 'hello'])
      assert.equal(reply.headers['x-commit'], 'informed handling false,commit')
      const { headers } = assertFinished(await app.outcome(), 201)
      assert.equal(headers['x-commit'], 'informed handling false,commit')
      assertEndedOnce(app, 1)
    },
  )
}

async function trailersOf(rig: Rig, port: number): Promise<Record<string, unknown>> {
  if (rig.lacks.http1 === undefined) {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      requestHttp1({ port, host: '127.0.0.1', agent: false }, resolve).once('error', reject).end()
    })
    await readAll(response)
    return response.trailers
  }
  const session = connect(`http://127.0.0.1:${port}`)
  const stream = session.request({ ':path': '/' })
  const trailers = new Promise<Record<string, unknown>>((resolve) => stream.once('trailers', resolve))
  await readAll(stream)
  session.close()
  return trailers
}
