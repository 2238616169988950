import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createLifecycle } from '@afterword/adapter-fastify'
import createApp, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { askHttp1, askHttp2, readAll } from '../client.js'
import { Probe } from '../probe.js'
import type { Call, Rig } from '../rig.js'

/** Fastify with `app.register(lifecycle.plugin)`. */
export const fastify: Rig = {
  name: 'fastify',
  framework: 'fastify',
  lacks: {
    http2: 'Fastify over HTTP/2 is covered by rules of its own',
    'late-mount': 'Fastify runs no hooks once the response has ended',
    listener: 'Fastify and not listener()',
    'handler-promise': 'Fastify does not pass on what a handler returns',
  },
  async serve(handler, use, options) {
    const build = async (app: FastifyInstance, lifecycle: ReturnType<typeof createLifecycle>) => {
      const before = options?.before
      if (before !== undefined) {
        app.addHook('onRequest', async (request, reply) => {
          if ((await before(request.raw, reply.raw)) === false) reply.hijack()
        })
      }
      await app.register(lifecycle.plugin)
      // Bodies are left to the handler, as on the other servers.
      app.removeAllContentTypeParsers()
      app.addContentTypeParser('*', (_request, _payload, done) => done(null))
      // A failing handler must not wait for a reply that it has taken over.
      app.all('/*', async (request, reply) => {
        await handler(fastifyCall(request, reply))
        return reply
      })
    }
    await this.serveOwn?.(build, use, options)
  },
  async serveBare(handler, use) {
    const build = (app: FastifyInstance) => app.all('/*', (request, reply) => handler(request.raw, reply.hijack().raw))
    await this.serveOwn?.(build, use)
  },
  async serveOwn(build, use, options = {}) {
    const probe = new Probe()
    const lifecycle = createLifecycle(probe.options(options))
    const app = createApp({ forceCloseConnections: true, ...options.server })
    await build(app, lifecycle)
    const sockets = new Set<Socket>()
    app.server.on('connection', (socket) => sockets.add(socket))
    await app.listen({ port: 0, host: '127.0.0.1' })
    try {
      await use(probe.app(lifecycle, app.server, options.server?.['http2'] === true ? askHttp2 : askHttp1))
    } finally {
      for (const socket of sockets) socket.destroy()
      await app.close()
    }
  },
}

function fastifyCall(request: FastifyRequest, reply: FastifyReply): Call {
  return {
    req: request.raw,
    get res(): ServerResponse {
      reply.hijack()
      return reply.raw
    },
    exchange: request.exchange,
    read: () => readAll(request.raw),
    send: (payload) => void reply.send(payload),
    reply: (status, body, headers = {}) => void reply.code(status).headers(headers).send(body),
  }
}
