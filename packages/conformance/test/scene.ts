import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { connect as connectHttp2, constants, createServer as createHttp2Server, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { createLifecycle, type Exchange, type NodeLifecycle } from '@afterword/adapter-node'
import { createLifecycle as createFastifyLifecycle } from '@afterword/adapter-fastify'
import createFastify from 'fastify'
import { gate, RawClient } from '../src/index.js'

/** One way for a response to end. */
export interface Scene {
  /** Stands in the first column of the table, word for word. */
  readonly title: string
  /** Which events came on the response, in order, on a server without the library. */
  emitted(): Promise<string>
  /** What the library reports of the same. */
  reported(): Promise<string>
}

/** Plays a scene, with or without the library. */
type Play = (lifecycle?: NodeLifecycle) => Promise<{ events: readonly string[]; exchange: Exchange | undefined }>

export function asScene(title: string, play: Play, create: () => NodeLifecycle = createLifecycle): Scene {
  return {
    title,
    async emitted() {
      const { events } = await play()
      return events.length === 0 ? 'nothing' : events.join(', ')
    },
    async reported() {
      const { exchange } = await play(create())
      const outcome = exchange?.outcome
      if (outcome === undefined) return 'no end'
      return [outcome.kind, outcome.reason, outcome.position].filter((fact) => fact !== null).join(', ')
    },
  }
}

/** More than the buffers of a loopback connection hold. */
export const large = Buffer.alloc(48 * 1024 * 1024, 'x')

/** A server that has been asked, and whose clients can leave. */
interface Stage {
  readonly server: Server
  readonly client: RawClient
  /** Resolves once the handler was called as often as the scene says. */
  readonly handled: Promise<void>
}

interface Script {
  handler(req: IncomingMessage, res: ServerResponse, count: number): void
  play(stage: Stage): Promise<unknown>
  /** Which request is watched, and how many there are. Default: 1. */
  readonly count?: number
  /** Options of the server. */
  readonly options?: ServerOptions
}

/** A scene over HTTP/1 with one connection, over once that has closed on the server. */
export function scene(title: string, { handler, play, count = 1, options = {} }: Script): Scene {
  return asScene(title, async (lifecycle) => {
    const events: string[] = []
    const closed = gate()
    const handled = gate()
    let exchange: Exchange | undefined
    let seen = 0
    const server = createServer(options, (req, res) => {
      seen++
      if (seen === count) {
        watch(res, events)
        exchange = (req as { exchange?: Exchange }).exchange
      }
      handler(req, res, seen)
      if (seen === count) handled.open()
    })
    server.on('connection', (socket: Socket) => socket.once('close', () => closed.open()))
    lifecycle?.attach(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const client = new RawClient((server.address() as AddressInfo).port)
    try {
      await play({ server, client, handled: handled.opened })
      client.resume()
      await closed.opened
      await twoTurns()
    } finally {
      client.leave()
      server.close()
      server.closeAllConnections()
    }
    return { events, exchange }
  })
}

function watch(res: { on(event: string, listener: () => void): unknown }, events: string[]): void {
  for (const event of ['finish', 'close']) res.on(event, () => events.push(event))
}

/** Events that follow a close come at most in the next turn. */
async function twoTurns(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export const get = 'GET / HTTP/1.1\r\nHost: afterword.test\r\n\r\n'
export const post = 'POST / HTTP/1.1\r\nHost: afterword.test\r\nContent-Length: 4\r\n\r\nbody'

/** Ends a response that nobody reads, then lets something cut it off. */
export function unflushed(title: string, cut: (stage: Stage, res: ServerResponse) => unknown): Scene {
  let response: ServerResponse
  return scene(title, {
    handler(_req, res) {
      response = res
      res.end(large)
    },
    async play(stage) {
      stage.client.stall()
      await stage.client.send(get)
      await stage.handled
      await cut(stage, response)
    },
  })
}

/** An HTTP/2 stream that the client resets once the handler was called. */
export function resetStream(title: string, handler: (res: Http2ServerResponse) => void): Scene {
  return asScene(title, async (lifecycle) => {
    const events: string[] = []
    const over = gate()
    const handled = gate()
    let exchange: Exchange | undefined
    const server = createHttp2Server((req, res) => {
      watch(res, events)
      exchange = (req as { exchange?: Exchange }).exchange
      res.stream.once('close', () => over.open())
      handler(res)
      handled.open()
    })
    lifecycle?.attach(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const stream = session.request({ ':path': '/' })
    stream.on('error', () => {})
    await handled.opened
    stream.close(constants.NGHTTP2_CANCEL)
    await over.opened
    await twoTurns()
    session.destroy()
    server.close()
    return { events, exchange }
  })
}

export const injected: Play = async (lifecycle) => {
  const events: string[] = []
  let exchange: Exchange | undefined
  const app = createFastify()
  if (lifecycle !== undefined) await app.register((lifecycle as ReturnType<typeof createFastifyLifecycle>).plugin)
  app.get('/', (request, reply) => {
    watch(reply.raw, events)
    exchange = request.exchange
    void reply.send('hello')
  })
  await app.inject('/')
  await twoTurns()
  await app.close()
  return { events, exchange }
}
