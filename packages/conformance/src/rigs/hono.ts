import { createServer, type Server } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { Socket } from 'node:net'
import { createLifecycle } from '@afterword/adapter-hono'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, Hono } from 'hono'
import type { StatusCode } from 'hono/utils/http-status'
import { askHttp1, askHttp2, readAll } from '../client.js'
import { gate } from '../latch.js'
import { listen, Probe, stop } from '../probe.js'
import type { Rig } from '../rig.js'

type App = Hono<{ Bindings: HttpBindings }>

/** Hono on `@hono/node-server` with `app.use(lifecycle.middleware)`. */
export const hono: Rig = {
  name: 'hono',
  framework: 'hono',
  lacks: {
    http2: 'Hono over HTTP/2 is covered by rules of its own',
    'refusal-page': 'a reply whose head can be held has left Hono',
    listener: 'Hono and not listener()',
    'reply-at-once': 'on Hono a reply is what the handler returns',
    'handler-promise': 'its rig waits for a reply when the handler has returned',
    payload: 'on Hono a reply is a Response, with its body serialized',
    inject: '`app.request()` has no response of Node\'s',
  },
  async serve(handler, use, options) {
    const build = (app: App, lifecycle: ReturnType<typeof createLifecycle>) => {
      const before = options?.before
      if (before !== undefined) {
        app.use(async (c, next) => {
          if ((await before(c.env.incoming, c.env.outgoing)) === false) return takenOver(c)
          return next()
        })
      }
      app.use(lifecycle.middleware)
      app.all('*', async (c) => {
        const { incoming, outgoing } = c.env
        const answered = gate<Response | Promise<Response>>()
        await handler({
          req: incoming,
          get res() {
            answered.open(takenOver(c))
            return outgoing
          },
          exchange: c.get('exchange'),
          read: () => readAll(incoming),
          reply: (status, body, headers = {}) => answered.open(c.body((body.length === 0 ? null : body) as null, status as StatusCode, headers)),
        })
        return answered.opened
      })
    }
    await this.serveOwn?.(build, use, options)
  },
  async serveBare(handler, use) {
    const build = (app: App) =>
      app.all('*', (c) => {
        handler(c.env.incoming, c.env.outgoing)
        return takenOver(c)
      })
    await this.serveOwn?.(build, use)
  },
  async serveOwn(build, use, options = {}) {
    const probe = new Probe()
    const lifecycle = createLifecycle(probe.options(options))
    const app: App = new Hono()
    // Without a line on stderr per error.
    app.onError((_error, c) => c.text('Internal Server Error', 500))
    build(app, lifecycle)
    const { Request, Response } = globalThis
    const overHttp2 = options.server?.['http2'] === true
    const server = createAdaptorServer({
      fetch: app.fetch,
      createServer: (overHttp2 ? createHttp2Server : createServer) as typeof createServer,
      serverOptions: options.server ?? {},
    }) as Server
    const sockets = new Set<Socket>()
    server.on('connection', (socket: Socket) => sockets.add(socket))
    await listen(server)
    try {
      await use(probe.app(lifecycle, server, overHttp2 ? askHttp2 : askHttp1))
    } finally {
      for (const socket of sockets) socket.destroy()
      await stop(server)
      // `@hono/node-server` puts its own in their place.
      Object.assign(globalThis, { Request, Response })
    }
  },
}

/** What a handler returns that has written to Node's response itself. */
function takenOver(c: Context): Response | Promise<Response> {
  // The reply to a HEAD is a copy, which is no longer recognized.
  return c.env.incoming.method === 'HEAD' ? new Promise(() => {}) : RESPONSE_ALREADY_SENT
}
