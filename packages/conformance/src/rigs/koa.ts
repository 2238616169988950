import { createServer, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { Socket } from 'node:net'
import { createLifecycle } from '@afterword/adapter-koa'
import Koa, { type Context } from 'koa'
import { askHttp1, askHttp2, readAll } from '../client.js'
import { gate } from '../latch.js'
import { listen, Probe, stop } from '../probe.js'
import type { Rig } from '../rig.js'

/** Koa with `app.use(lifecycle.middleware)`. */
export const koa: Rig = {
  name: 'koa',
  framework: 'koa',
  lacks: {
    http2: 'Koa over HTTP/2 is covered by rules of its own',
    inject: 'Koa has no injection',
    listener: 'Koa and not listener()',
    'reply-at-once': 'on Koa a reply is a value, and the last one is sent',
    'handler-promise': 'its rig waits for a reply when the handler has returned',
  },
  async serve(handler, use, options) {
    const build = (app: Koa, lifecycle: ReturnType<typeof createLifecycle>) => {
      const before = options?.before
      if (before !== undefined) {
        app.use(async (ctx, next) => {
          ctx.res.statusCode = 200
          if ((await before(ctx.req, ctx.res)) === false) ctx.respond = false
          else await next()
        })
      }
      app.use(lifecycle.middleware)
      app.use(async (ctx) => {
        const answered = gate()
        await handler({
          req: ctx.req,
          get res() {
            answered.open()
            return takeOver(ctx)
          },
          exchange: ctx.exchange,
          read: () => readAll(ctx.req),
          send(payload) {
            ctx.body = payload
            answered.open()
          },
          reply(status, body, headers = {}) {
            ctx.status = status
            ctx.set(headers)
            ctx.body = body
            answered.open()
          },
        })
        // Koa replies when this function returns, and a handler of a rule may reply later.
        await answered.opened
      })
    }
    await this.serveOwn?.(build, use, options)
  },
  async serveBare(handler, use) {
    await this.serveOwn?.((app: Koa) => app.use((ctx) => handler(ctx.req, takeOver(ctx))), use)
  },
  async serveOwn(build, use, options = {}) {
    const probe = new Probe()
    const lifecycle = createLifecycle(probe.options(options))
    const app = new Koa()
    // Without a line on stderr per error.
    app.silent = true
    build(app, lifecycle)
    const overHttp2 = options.server?.['http2'] === true
    const server = overHttp2 ? (createHttp2Server(app.callback()) as unknown as Server) : createServer(options.server ?? {}, app.callback())
    const sockets = new Set<Socket>()
    server.on('connection', (socket: Socket) => sockets.add(socket))
    await listen(server)
    try {
      await use(probe.app(lifecycle, server, overHttp2 ? askHttp2 : askHttp1))
    } finally {
      for (const socket of sockets) socket.destroy()
      await stop(server)
    }
  },
}

/** Takes the reply away from Koa, which begins with a 404. */
function takeOver(ctx: Context): ServerResponse {
  if (ctx.respond !== false && !ctx.res.headersSent) ctx.res.statusCode = 200
  ctx.respond = false
  return ctx.res
}
