import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createServer2 } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createLifecycle as createExpress } from '@afterword/adapter-express'
import { createLifecycle as createFastify } from '@afterword/adapter-fastify'
import { createLifecycle as createNode, type NodeLifecycle } from '@afterword/adapter-node'
import type { LifecycleOptions } from '@afterword/lifecycle-core'
import express from 'express'
import createApp from 'fastify'
import { listen } from '../src/probe.js'
import type { Call } from './handler.js'

/** A listening server under load. */
export interface Soaked {
  readonly server: Server
  readonly lifecycle: NodeLifecycle
  readonly port: number
}

type Handler = (call: Call) => unknown

export const servers = {
  async node(options: LifecycleOptions, handler: Handler): Promise<Soaked> {
    const lifecycle = createNode(options)
    return started(createServer(lifecycle.listener((req, res) => handler(rawCall(req, res, req.exchange)))), lifecycle)
  },

  async http2(options: LifecycleOptions, handler: Handler): Promise<Soaked> {
    const lifecycle = createNode(options)
    const listener = lifecycle.listener((req, res) => handler(rawCall(req, res, req.exchange)))
    return started(createServer2(listener as never) as unknown as Server, lifecycle)
  },

  async express(options: LifecycleOptions, handler: Handler): Promise<Soaked> {
    const lifecycle = createExpress(options)
    const app = express()
    // Without a line on stderr for every error page.
    app.set('env', 'test')
    app.use(lifecycle.middleware)
    app.use((req, res) => handler({
      req, res, exchange: req.exchange,
      reply: (status, body, fields) => void res.status(status).set(fields).send(body),
    }))
    return started(createServer(app), lifecycle)
  },

  async fastify(options: LifecycleOptions, handler: Handler): Promise<Soaked> {
    const lifecycle = createFastify(options)
    const app = createApp()
    await app.register(lifecycle.plugin)
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    app.all('/*', async (request, reply) => {
      await handler({
        req: request.raw,
        get res(): ServerResponse {
          reply.hijack()
          return reply.raw
        },
        exchange: request.exchange,
        reply: (status, body, fields) => void reply.code(status).headers(fields).send(body),
      })
      return reply
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { server: app.server, lifecycle, port: (app.server.address() as AddressInfo).port }
  },
}

export type ServerName = keyof typeof servers

async function started(server: Server, lifecycle: NodeLifecycle): Promise<Soaked> {
  await listen(server)
  return { server, lifecycle, port: (server.address() as AddressInfo).port }
}

function rawCall(req: IncomingMessage, res: ServerResponse, exchange: Call['exchange']): Call {
  return {
    req, res, exchange,
    reply(status, body, fields) {
      res.statusCode = status
      for (const [name, value] of Object.entries(fields)) res.setHeader(name, value)
      res.end(body)
    },
  }
}
