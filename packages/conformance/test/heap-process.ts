/**
 * Runs with `--expose-gc`, once per server: `heap-process.ts SERVER`. Replies to one request behind which a long task
 * runs, and prints which of req and res the garbage collector has taken while it does.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { after, createLifecycle as createExpress, current } from '@afterword/adapter-express'
import { createLifecycle as createFastify } from '@afterword/adapter-fastify'
import { createLifecycle as createNode } from '@afterword/adapter-node'
import type { Exchange } from '@afterword/lifecycle-core'
import express from 'express'
import createApp from 'fastify'
import { askHttp1 } from '../src/client.js'
import { gate } from '../src/latch.js'
import { listen, stop } from '../src/probe.js'

const rounds = 200
const refs = new Map<string, WeakRef<object>>()
const seen = { started: gate(), released: gate(), ended: gate<Exchange | undefined>() }

/** Made here, so that its scope holds neither req nor res. */
async function longTask(): Promise<void> {
  seen.started.open()
  await seen.released.opened
  // The context is still that of the exchange.
  seen.ended.open(current())
}

function watch(req: IncomingMessage, res: ServerResponse): void {
  refs.set('req', new WeakRef(req))
  refs.set('res', new WeakRef(res))
  after(longTask)
}

async function serveNode(ask: (port: number) => Promise<void>): Promise<void> {
  const lifecycle = createNode()
  await serve(lifecycle.listener((req, res) => {
    watch(req, res)
    res.end('hello')
  }), ask)
}

async function serveExpress(ask: (port: number) => Promise<void>): Promise<void> {
  const lifecycle = createExpress()
  const app = express()
  app.use(lifecycle.middleware)
  app.get('/', (req, res) => {
    watch(req, res)
    refs.set('Express request', new WeakRef(req))
    res.send('hello')
  })
  await serve(app, ask)
}

async function serve(listener: RequestListener, ask: (port: number) => Promise<void>): Promise<void> {
  const server = createServer(listener)
  await listen(server)
  try {
    await ask((server.address() as { port: number }).port)
  } finally {
    await stop(server)
  }
}

async function serveFastify(ask: (port: number) => Promise<void>): Promise<void> {
  const lifecycle = createFastify()
  const app = createApp({ forceCloseConnections: true })
  await app.register(lifecycle.plugin)
  app.get('/', async (request, reply) => {
    watch(request.raw, reply.raw)
    refs.set('request', new WeakRef(request))
    refs.set('reply', new WeakRef(reply))
    return 'hello'
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  try {
    await ask((app.server.address() as { port: number }).port)
  } finally {
    await app.close()
  }
}

const left = (): string[] => [...refs].flatMap(([name, ref]) => (ref.deref() === undefined ? [] : [name]))

/** Collects garbage until nothing that is watched is left, or for so many rounds. Returns what is left. */
async function collected(): Promise<string[]> {
  for (let round = 0; round < rounds && left().length > 0; round++) {
    // A WeakRef that was looked at keeps its target until the turn is over.
    await new Promise((resolve) => setImmediate(resolve))
    globalThis.gc?.()
  }
  return left()
}

const servers: Record<string, (ask: (port: number) => Promise<void>) => Promise<void>> = { node: serveNode, express: serveExpress, fastify: serveFastify }

await servers[process.argv[2] as string]?.(async (port) => {
  await askHttp1(port, '/')
  await seen.started.opened
  const held = await collected()
  seen.released.open()
  const exchange = await seen.ended.opened
  console.log(JSON.stringify({ watched: [...refs.keys()], held, outcome: exchange?.outcome?.kind, status: exchange?.outcome?.status }))
})
