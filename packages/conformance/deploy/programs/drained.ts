import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createLifecycle as createExpressLifecycle } from '@afterword/adapter-express'
import { createLifecycle as createFastifyLifecycle } from '@afterword/adapter-fastify'
import { createLifecycle } from '@afterword/adapter-node'
import { gracefulShutdown } from '@afterword/adapter-node/shutdown'
import type { Exchange, LifecycleOptions } from '@afterword/lifecycle-core'
import express from 'express'
import createApp from 'fastify'
import { type Call, longMs, type Program } from './program.js'
import { tell, writeRow } from './tell.js'

/** What the application saw, for the test to compare with what the clients saw. */
const seen = { accepted: 0, finished: 0, aborted: [] as string[], faults: [] as string[] }

/** Serves a program with a lifecycle, and drains on SIGTERM. */
export async function startDrained(server: string, program: Program): Promise<void> {
  const options: LifecycleOptions = {
    ...program.lifecycle,
    onOutcome({ kind, reason, url }) {
      if (kind === 'finished') seen.finished++
      else seen.aborted.push(`${reason} ${url}`)
    },
    onError: (error) => void seen.faults.push((error as { code?: string }).code ?? String(error)),
    onAbandoned: ({ descriptor }) => writeRow(`handed over: ${JSON.stringify(descriptor)}`),
  }
  if (server === 'fastify') await startFastify(program, options)
  else if (server === 'express') await startExpress(program, options)
  else await startNode(server, program, options)
  // Behind the listener that drains.
  process.once('SIGTERM', () => tell('draining'))
}

async function startNode(name: string, program: Program, options: LifecycleOptions): Promise<void> {
  const lifecycle = createLifecycle(options)
  const handler: RequestListener = lifecycle.listener((req, res) => serve(program, lifecycle, req.exchange, req, res))
  const server = name === 'http2' ? (createHttp2Server(handler as never) as unknown as Server) : createServer(handler)
  gracefulShutdown(lifecycle, server, shutdownOptions(program))
  await listen(server)
}

async function startExpress(program: Program, options: LifecycleOptions): Promise<void> {
  const lifecycle = createExpressLifecycle(options)
  const app = express()
  app.use(lifecycle.middleware)
  app.use((req, res) => serve(program, lifecycle, req.exchange, req, res, (status, body) => res.status(status).type('text').send(body)))
  const server = createServer(app)
  gracefulShutdown(lifecycle, server, shutdownOptions(program))
  await listen(server)
}

async function startFastify(program: Program, options: LifecycleOptions): Promise<void> {
  const lifecycle = createFastifyLifecycle(options)
  // The drain must be over before Fastify gives up on it; and new requests on open connections are served while it lasts.
  const app = createApp({ pluginTimeout: 2 * longMs, return503OnClosing: false })
  await app.register(lifecycle.plugin)
  await program.plugins?.(app)
  app.all('/*', async (request, reply) => {
    const answer = (status: number, body: string) => void reply.code(status).type('text/plain').send(body)
    await serve(program, lifecycle, request.exchange, request.raw, reply.raw, answer, () => reply.hijack())
    return reply
  })
  gracefulShutdown(lifecycle, app, shutdownOptions(program))
  await app.listen({ port: 0, host: '127.0.0.1' })
  tell('listening', app.server.address() as AddressInfo)
}

function serve(
  program: Program,
  lifecycle: { readonly ready: boolean },
  exchange: Exchange,
  req: IncomingMessage,
  res: ServerResponse,
  reply: Call['reply'] = (status, body) => void res.writeHead(status).end(body),
  takeOver?: () => void,
): unknown {
  if (req.url !== '/ready') seen.accepted++
  return program.handle({
    path: req.url ?? '',
    get res() {
      takeOver?.()
      return res
    },
    get ready() {
      return lifecycle.ready
    },
    get signal() {
      return exchange.signal
    },
    reply,
    after: (name, work, descriptor) => void exchange.after((_outcome, { signal }) => work(signal), descriptor === undefined ? { name } : { name, descriptor }),
  })
}

function shutdownOptions({ readinessDelay = 0, softTimeout, timeout = longMs }: Program): Parameters<typeof gracefulShutdown>[2] {
  return {
    readinessDelay,
    timeout,
    ...(softTimeout === undefined ? {} : { softTimeout }),
    crashTimeout: longMs,
    onDrained: (report) => tell('report', { report, seen }),
  }
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  tell('listening', server.address() as AddressInfo)
}
