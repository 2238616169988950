import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createLifecycle as createExpressLifecycle } from '@afterword/adapter-express'
import { createLifecycle as createFastifyLifecycle } from '@afterword/adapter-fastify'
import { createLifecycle } from '@afterword/adapter-node'
import type { DrainReport, Exchange, LifecycleOptions } from '@afterword/lifecycle-core'
import express from 'express'
import createApp from 'fastify'
import { type Call, longMs, type Program } from './program.js'
import { tell } from './tell.js'

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
  }
  if (server === 'fastify') return startFastify(program, options)
  return server === 'express' ? startExpress(program, options) : startNode(server, program, options)
}

async function startNode(name: string, program: Program, options: LifecycleOptions): Promise<void> {
  const lifecycle = createLifecycle(options)
  const handler: RequestListener = lifecycle.listener((req, res) => serve(program, req.exchange, req, res))
  const server = name === 'http2' ? (createHttp2Server(handler as never) as unknown as Server) : createServer(handler)
  onSigterm(program, (limits) => lifecycle.drain({ server, ...limits }))
  await listen(server)
}

async function startExpress(program: Program, options: LifecycleOptions): Promise<void> {
  const lifecycle = createExpressLifecycle(options)
  const app = express()
  app.use(lifecycle.middleware)
  app.use((req, res) => serve(program, req.exchange, req, res, (status, body) => res.status(status).type('text').send(body)))
  const server = createServer(app)
  onSigterm(program, (limits) => lifecycle.drain({ server, ...limits }))
  await listen(server)
}

async function startFastify(program: Program, options: LifecycleOptions): Promise<void> {
  const lifecycle = createFastifyLifecycle(options)
  // The drain is kept shorter than this, and new requests on open connections are served while it lasts.
  const app = createApp({ pluginTimeout: Math.ceil(((program.timeout ?? longMs) + 250) / 0.9), return503OnClosing: false })
  await app.register(lifecycle.plugin)
  await program.plugins?.(app)
  app.all('/*', async (request, reply) => {
    const answer = (status: number, body: string) => void reply.code(status).type('text/plain').send(body)
    await serve(program, request.exchange, request.raw, reply.raw, answer, () => reply.hijack())
    return reply
  })
  onSigterm(program, async () => {
    await app.close()
    return lifecycle.drain()
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  tell('listening', app.server.address() as AddressInfo)
}

function serve(
  program: Program,
  exchange: Exchange,
  req: IncomingMessage,
  res: ServerResponse,
  reply: Call['reply'] = (status, body) => void res.writeHead(status).end(body),
  takeOver?: () => void,
): unknown {
  seen.accepted++
  return program.handle({
    path: req.url ?? '',
    get res() {
      takeOver?.()
      return res
    },
    get ready() {
      return ready
    },
    get signal() {
      return exchange.signal
    },
    reply,
    after: (name, work) => void exchange.after((_outcome, { signal }) => work(signal), { name }),
  })
}

let ready = true

function onSigterm({ readinessDelay = 0, softTimeout, timeout = longMs }: Program, drain: (limits: object) => Promise<DrainReport>): void {
  process.on('SIGTERM', async () => {
    ready = false
    if (readinessDelay > 0) await new Promise((resolve) => setTimeout(resolve, readinessDelay))
    const draining = drain(softTimeout === undefined ? { timeout } : { softTimeout, timeout })
    tell('draining')
    const report = await draining
    tell('report', { report, seen })
    // A clean process has nothing left that keeps it.
    if (report.clean) process.exitCode = report.suggestedExitCode
    else process.exit(report.suggestedExitCode)
  })
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  tell('listening', server.address() as AddressInfo)
}
