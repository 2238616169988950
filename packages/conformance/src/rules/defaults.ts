import assert from 'node:assert/strict'
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { askHttp1, askHttp2, RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { App, Rig } from '../rig.js'
import type { Rule } from '../rule.js'
import { serveBare } from './head-wire.js'

/** Events whose listeners change what Node does when there are none. */
const forbidden = {
  server: ['timeout', 'clientError', 'upgrade', 'connect', 'checkContinue', 'checkExpectation', 'dropRequest', 'unknownProtocol'],
  req: ['timeout', 'error', 'data', 'readable'],
  res: ['timeout', 'error'],
  socket: ['timeout', 'error', 'data', 'readable'],
}

/** Counts the listeners of one request, with the lifecycle mounted or on the bare server. */
async function countListeners(rig: Rig, mounted: boolean): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const count = (name: keyof typeof forbidden, emitter: EventEmitter) => {
    for (const event of forbidden[name]) counts[`${name} ${event}`] = emitter.listenerCount(event)
  }
  const look = (req: IncomingMessage, res: ServerResponse) => {
    count('req', req)
    count('res', res)
    // Over HTTP/2 it is a proxy of the session's.
    if (rig.lacks.http1 === undefined) count('socket', req.socket)
  }
  const bare = (req: IncomingMessage, res: ServerResponse) => {
    look(req, res)
    res.end('hello')
  }
  const ask = rig.lacks.http1 === undefined ? askHttp1 : askHttp2
  const use = async ({ server, port }: Pick<App, 'server' | 'port'>) => {
    await ask(port, '/')
    count('server', server)
  }
  if (mounted) await rig.serve(({ req, res }) => bare(req, res), use)
  else await serveBare(rig, bare, use)
  return counts
}

/** What Node does by default, it does with a lifecycle, too. */
export const defaultsRules: readonly Rule[] = [
  {
    id: 'DEF-001',
    title: 'MUST NOT add a listener to any event whose listeners change what the server does',
    run: async (rig) => {
      assert.deepEqual(await countListeners(rig, true), await countListeners(rig, false))
    },
  },
  {
    id: 'DEF-002',
    title: 'MUST leave the 400 for a broken request to the server',
    needs: ['http1'],
    run: (rig) =>
      rig.serve(
        ({ reply }) => reply(200, 'hello'),
        async (app) => {
          const client = new RawClient(app.port)
          await client.send('this is not HTTP\r\n\r\n')
          await client.until(/^HTTP\/1\.1 400 /)
          await client.gone()
          assert.equal(app.outcomes.length, 0)
        },
      ),
  },
  {
    id: 'DEF-003',
    title: 'MUST leave the 408 for a slow request to the server',
    needs: ['http1'],
    run: (rig) => {
      const limits = { headersTimeout: 30, requestTimeout: 30, connectionsCheckingInterval: 10 }
      return rig.serve(
        ({ reply }) => reply(200, 'hello'),
        async (app) => {
          const client = new RawClient(app.port)
          await client.send('GET / HTTP/1.1\r\nHost: ')
          await client.until(/^HTTP\/1\.1 408 /)
          await client.gone()
          assert.equal(app.outcomes.length, 0)
        },
        // Fastify keeps the options of Node's server in `http`.
        { server: { ...limits, http: limits } },
      )
    },
  },
  {
    id: 'DEF-004',
    title: 'MUST leave the destruction of a socket at the server\'s timeout to the server',
    needs: ['http1'],
    run: async (rig) => {
      const reached = gate()
      await rig.serve(
        ({ req, res }) => {
          void res
          // What `server.timeout` does to every connection, but not before the request was received.
          req.socket.setTimeout(1)
          reached.open()
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await reached.opened
          await client.gone()
          assert.equal(client.received, '')
          const { kind, reason } = await app.outcome()
          assert.deepEqual([kind, reason], ['aborted', 'server'])
        },
      )
    },
  },
  {
    id: 'DEF-005',
    title: 'MUST let an unhandled error of the response stay uncaught',
    needs: ['http1', 'node'],
    run: async (rig) => {
      const uncaught = gate<unknown>()
      process.setUncaughtExceptionCaptureCallback((error) => uncaught.open(error))
      try {
        await rig.serve(
          ({ res }) => {
            res.end('hello')
            res.write('behind the end')
          },
          async (app) => {
            const asked = app.ask().catch(() => {})
            assert.equal(((await uncaught.opened) as { code?: string }).code, 'ERR_STREAM_WRITE_AFTER_END')
            await app.outcome()
            await asked
          },
        )
      } finally {
        process.setUncaughtExceptionCaptureCallback(null)
      }
    },
  },
  {
    id: 'DEF-006',
    title: 'MUST leave a body that nobody reads to the server, which takes it off the connection for the next request',
    needs: ['http1'],
    run: async (rig) => {
      const reads: string[] = []
      const body = 'x'.repeat(200_000)
      await rig.serve(
        async ({ req, read, reply }) => {
          if (req.url === '/read') reads.push((await read()).toString())
          reply(200, `reply to ${req.url}.`)
        },
        async (app) => {
          const client = new RawClient(app.port)
          for (const path of ['/unread', '/read', '/last']) {
            await client.request('POST', path, [`Content-Length: ${body.length}`], body)
            await client.until(new RegExp(`reply to ${path}\\.`))
          }
          assert.deepEqual(reads, [body])
          assert.doesNotMatch(client.received, /connection: close/i)
          client.leave()
          await app.lifecycle.idle()
        },
      )
    },
  },
  {
    id: 'DEF-007',
    title: 'MUST serve a dozen pipelined requests on one connection without a warning about listeners',
    needs: ['http1'],
    run: async (rig) => {
      const count = 12
      const all = gate()
      const answers: (() => void)[] = []
      const sockets: EventEmitter[] = []
      await rig.serve(
        ({ req, reply }) => {
          sockets.push(req.socket)
          return new Promise<void>((resolve) => {
            answers.push(() => {
              reply(200, `reply to ${req.url}.`)
              resolve()
            })
            if (answers.length === count) all.open()
          })
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.send(Array.from({ length: count }, (_, n) => `GET /${n} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
          await all.opened
          // The last first, so that all of them are queued.
          for (const answer of answers.toReversed()) answer()
          await client.until(/reply to \/11\./)
          await app.lifecycle.idle()
          assert.deepEqual(app.outcomes.map(({ kind }) => kind), Array.from({ length: count }, () => 'finished'))
          // A warning would have been seen by the runner.
          assert((sockets[0]?.listenerCount('close') ?? 0) <= 10)
          client.leave()
        },
      )
    },
  },
]
