import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { type ClientHttp2Session, connect, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Outcome } from '@afterword/lifecycle-core'
import { RawClient, readAll } from '../client.js'
import type { App, CallHandler, Rig } from '../rig.js'
import type { Rule } from '../rule.js'

/** How many requests the rule about long connections sends. */
const many = 2000

/** Replies that are framed in every way that HTTP knows, and are whole. */
export const normalFramingRules: readonly Rule[] = [
  {
    id: 'END-101',
    title: 'MUST finish both exchanges of a keep-alive connection',
    needs: ['http1'],
    run: (rig) =>
      rig.serve(
        ({ req, reply }) => reply(200, `for ${req.url}`),
        async (app) => {
          const client = new RawClient(app.port)
          for (const [index, path] of ['/first', '/second'].entries()) {
            await client.request('GET', path)
            await client.until(new RegExp(`for ${path}$`))
            const outcome = assertFinished(await app.outcome(index + 1), 200)
            assert.equal(outcome.url, path)
          }
          client.leave()
          assertEndedOnce(app, 2)
        },
      ),
  },
  {
    id: 'END-102',
    title: `MUST finish ${many} exchanges on one connection, each once, and leave no listener behind`,
    run: async (rig) => {
      const counts: string[] = []
      await rig.serve(
        ({ req, reply }) => {
          counts.push(listenersOf(req as never))
          reply(200, 'hello')
        },
        async (app) => {
          if (rig.lacks.http1 === undefined) await askManyHttp1(app.port)
          else await askManyHttp2(app.port)
          await app.outcome(many)
          await app.lifecycle.idle()
          assert.equal(counts.length, many)
          assert.deepEqual(new Set(counts.slice(1)), new Set([counts[1]]))
          assertEndedOnce(app, many)
          assert(app.outcomes.every(({ kind }) => kind === 'finished'))
        },
      )
    },
  },
  {
    id: 'END-103',
    title: 'MUST finish an exchange whose connection closes with it',
    needs: ['http1'],
    run: (rig) => raw(rig, ({ reply }) => reply(200, 'hello'), 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', /\r\nhello$/, 200),
  },
  {
    id: 'END-104',
    title: 'MUST finish an exchange of HTTP/1.0, whose end is the end of the connection',
    needs: ['http1'],
    run: (rig) =>
      raw(
        rig,
        ({ res }) => {
          res.write('hel')
          res.end('lo')
        },
        'GET / HTTP/1.0\r\nHost: afterword.test\r\n\r\n',
        /\r\n\r\nhello$/,
        200,
      ),
  },
  {
    id: 'END-105',
    title: 'MUST finish an exchange of HTTP/1.0 that is kept alive',
    needs: ['http1'],
    run: (rig) => raw(rig, ({ reply }) => reply(200, 'hello'), 'GET / HTTP/1.0\r\nHost: afterword.test\r\nConnection: keep-alive\r\n\r\n', /\r\nhello$/, 200),
  },
  {
    id: 'END-106',
    title: 'MUST finish a HEAD exchange, with a stray body as well',
    run: (rig) => bodiless(rig, 'HEAD', 200),
  },
  { id: 'END-107', title: 'MUST finish a reply with 204, with a stray body as well', run: (rig) => bodiless(rig, 'GET', 204) },
  { id: 'END-108', title: 'MUST finish a reply with 304, with a stray body as well', run: (rig) => bodiless(rig, 'GET', 304) },
  {
    id: 'END-109',
    title: 'MUST finish a reply with an empty body',
    run: (rig) =>
      rig.serve(
        ({ reply }) => reply(200, ''),
        async (app) => {
          assert.equal((await app.ask()).body, '')
          assertFinished(await app.outcome(), 200)
          assertEndedOnce(app, 1)
        },
      ),
  },
]

/** Asserts that an exchange finished with a status, and returns its outcome. */
export function assertFinished(outcome: Outcome, status: number): Outcome {
  const { kind, reason, position, error } = outcome
  assert.deepEqual({ kind, reason, position, error }, { kind: 'finished', reason: null, position: null, error: undefined })
  assert.equal(outcome.status, status)
  return outcome
}

/** Asserts that so many exchanges have ended, that nothing is left open, and that nothing went wrong. */
export function assertEndedOnce({ lifecycle, outcomes, faults }: App, count: number): void {
  assert.equal(outcomes.length, count)
  assert.equal(lifecycle.unended, 0)
  assert.deepEqual(faults, [])
}

/** Sends bytes, and expects an answer and its end. */
async function raw(rig: Rig, handler: CallHandler, bytes: string, answer: RegExp, status: number): Promise<void> {
  await rig.serve(handler, async (app) => {
    const client = new RawClient(app.port)
    await client.send(bytes)
    await client.until(answer)
    assertFinished(await app.outcome(), status)
    client.leave()
    assertEndedOnce(app, 1)
  })
}

/** Replies that have no body: the framework's, one without a body, one with a body that Node leaves out. */
async function bodiless(rig: Rig, method: string, status: number): Promise<void> {
  const ends: Record<string, (res: ServerResponse) => unknown> = {
    '/bare': (res) => res.end(),
    '/stray': (res) => res.end('stray'),
    '/pieces': (res) => {
      res.write('str')
      res.write('ay')
      res.end()
    },
  }
  // A HEAD stream of HTTP/2 is over with its head: Node destroys it at the first write.
  if (rig.lacks.http1 !== undefined) delete ends['/pieces']
  await rig.serve(
    (call) => {
      const end = ends[call.req.url ?? '']
      if (end === undefined) {
        call.reply(status, status === 200 ? 'left out' : '')
        return
      }
      const { res } = call
      res.statusCode = status
      end(res)
    },
    async (app) => {
      for (const [index, path] of ['/framework', ...Object.keys(ends)].entries()) {
        const reply = await app.ask(path, { method })
        assert.deepEqual([reply.status, reply.body], [status, ''], path)
        assertFinished(await app.outcome(index + 1), status)
      }
      assertEndedOnce(app, Object.keys(ends).length + 1)
    },
  )
}

/** The listeners on the connection of a request, by event. */
function listenersOf({ socket, stream }: { socket: Socket; stream?: { session?: ServerHttp2Session } }): string {
  const emitter = stream?.session ?? socket
  return JSON.stringify(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name as string)]).toSorted())
}

async function askManyHttp1(port: number): Promise<void> {
  const client = new RawClient(port)
  for (let count = 0; count < many; count++) {
    client.received = ''
    await client.request('GET', '/')
    await client.until(/\r\n\r\nhello$/)
  }
  client.leave()
}

async function askManyHttp2(port: number): Promise<void> {
  const session: ClientHttp2Session = connect(`http://127.0.0.1:${port}`)
  for (let count = 0; count < many; count++) await readAll(session.request({ ':path': '/' }))
  session.close()
}
