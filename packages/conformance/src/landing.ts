import type { IncomingMessage, ServerResponse } from 'node:http'
import type { createLifecycle as createExpress, ExpressLifecycle } from '@afterword/adapter-express'
import type { FastifyLifecycle } from '@afterword/adapter-fastify'
import type { HonoLifecycle } from '@afterword/adapter-hono'
import type { KoaLifecycle } from '@afterword/adapter-koa'
import type { Exchange } from '@afterword/lifecycle-core'
import { isThenable, settle } from '@afterword/lifecycle-core/adapter'
import type { Application, ErrorRequestHandler } from 'express'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Hono } from 'hono'
import type { default as Koa, Context } from 'koa'
import { Latch } from './latch.js'
import type { App, AppOptions, Call, Rig } from './rig.js'

/** Where an error can come down: the sink, the application's own error handler, the framework's log, or nobody's hands. */
export type Place = 'sink' | 'error handler' | 'log' | 'process'

/** How Express is told of errors. */
export type Setup = 'as it is' | 'errorMiddleware' | 'faultsTo' | 'faultsTo, passed on' | 'faultsTo, guarded'

/** One request to an application in which every place is counted. */
export interface Attempt {
  readonly exchange: Exchange
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** Sends the head and a part of the body. */
  begin(): Promise<void>
  reply(): void
}

/** An application in which every place is counted. */
export interface CountedApp extends App {
  readonly landings: Latch<{ place: Place; error: unknown }>
}

/**
 * Serves an application of the framework's own making, with an error handler of its own that answers while it can, and
 * counts where errors come down.
 */
export async function serveCounted(
  rig: Rig,
  handler: (attempt: Attempt) => unknown,
  use: (app: CountedApp) => Promise<void>,
  { setup = 'errorMiddleware', watchProcess = true, ...options }: AppOptions & { setup?: Setup; watchProcess?: boolean } = {},
): Promise<void> {
  const landings = new Latch<{ place: Place; error: unknown }>()
  const at = (place: Place) => (error: unknown): void => landings.add({ place, error })
  const onStray = at('process')
  const counted: AppOptions = {
    ...options,
    ...(setup === 'faultsTo, guarded' && { guard: true }),
    onError: (error, fault) => {
      at('sink')(error)
      return options.onError?.(error, fault)
    },
  }
  const useIt = (app: App): Promise<void> => use({ ...app, landings })
  // Who listens keeps the process alive, too.
  if (watchProcess) process.on('uncaughtException', onStray).on('unhandledRejection', onStray)
  try {
    const land = at('error handler')
    if (rig.framework === 'fastify') {
      const server = { loggerInstance: logger(at('log')), ...options.server }
      await rig.serveOwn?.((app, lifecycle) => buildFastify(app, lifecycle, handler, land), useIt, { ...counted, server })
    } else if (rig.framework === 'express') {
      await rig.serveOwn?.((app, lifecycle) => buildExpress(app, lifecycle, handler, land, setup), useIt, counted)
    } else if (rig.framework === 'koa') {
      await rig.serveOwn?.((app, lifecycle) => buildKoa(app, lifecycle, handler, land), useIt, counted)
    } else if (rig.framework === 'hono') {
      await rig.serveOwn?.((app, lifecycle) => buildHono(app, lifecycle, handler, land), useIt, counted)
    } else {
      const build = (call: Call) => ({ ...call, res: call.res, begin: () => begin(call.res), reply: () => call.reply(200, 'hello') })
      await rig.serve((call) => handler(build(call)), useIt, counted)
    }
  } finally {
    process.off('uncaughtException', onStray)
    process.off('unhandledRejection', onStray)
  }
}

/** Lets everything come down that is on its way: Express goes from handler to handler in turns of its own. */
export async function settled(app: App): Promise<void> {
  await app.lifecycle.idle()
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function begin(res: ServerResponse): Promise<void> {
  res.writeHead(200)
  return new Promise((resolve) => void res.write('the beginning', () => resolve()))
}

type Land = (error: unknown) => void

function buildExpress(app: Application, lifecycle: ReturnType<typeof createExpress> & ExpressLifecycle, handler: (attempt: Attempt) => unknown, land: Land, setup: Setup): void {
  if (setup.startsWith('faultsTo')) lifecycle.faultsTo(app, { tasks: true })
  app.use(lifecycle.middleware)
  app.use((req, res, next) => {
    const result = handler({ exchange: req.exchange, req, res, begin: () => begin(res), reply: () => void res.send('hello') })
    if (isThenable(result)) settle(result, undefined, next)
  })
  if (setup === 'errorMiddleware') app.use(lifecycle.errorMiddleware)
  app.use(((error, _req, res, next) => {
    if (setup === 'faultsTo, passed on' && res.headersSent) return next(error)
    land(error)
    return res.headersSent ? undefined : res.status(500).send('sorry')
  }) satisfies ErrorRequestHandler)
}

function buildKoa(app: Koa, lifecycle: KoaLifecycle, handler: (attempt: Attempt) => unknown, land: Land): void {
  // Koa tells of the error of a connection as well, which is the client's leaving and nothing that was thrown.
  app.on('error', (error: unknown, ctx?: Context) => {
    if (error !== ctx?.req.socket.errored) land(error)
  })
  app.use(lifecycle.middleware)
  // Koa replies when this function returns; a handler that fails behind its reply writes that itself.
  app.use(async (ctx) => {
    const take = () => {
      ctx.respond = false
      ctx.res.statusCode = 200
      return ctx.res
    }
    await handler({
      exchange: ctx.exchange,
      req: ctx.req,
      get res() {
        return take()
      },
      begin: () => begin(take()),
      reply: () => void take().end('hello'),
    })
  })
}

function buildHono(app: Hono<{ Bindings: HttpBindings }>, lifecycle: HonoLifecycle, handler: (attempt: Attempt) => unknown, land: Land): void {
  app.use(lifecycle.middleware)
  app.onError((error, c) => {
    // Hono asks for an answer to every error; where it comes too late, the adapter drops the answer and reports.
    if (c.var.exchange.phase === 'handling') land(error)
    return c.text('sorry', 500)
  })
  app.get('*', async (c) => {
    const { incoming: req, outgoing: res } = c.env
    await handler({ exchange: c.var.exchange, req, res, begin: () => begin(res), reply: () => void res.end('hello') })
    return RESPONSE_ALREADY_SENT
  })
}

async function buildFastify(app: FastifyInstance, lifecycle: FastifyLifecycle, handler: (attempt: Attempt) => unknown, land: Land): Promise<void> {
  await app.register(lifecycle.plugin)
  app.setErrorHandler((error, _request, reply) => {
    land(error)
    return reply.code(500).send('sorry')
  })
  // A handler that is no promise must be called as such: Fastify treats the two differently.
  app.get('/*', (request, reply: FastifyReply) =>
    handler({
      exchange: request.exchange,
      req: request.raw,
      res: reply.raw,
      begin: () => begin(reply.raw),
      reply: () => void reply.send('hello'),
    }),
  )
}

const nothing = (): void => {}

/** What Fastify says of errors; not that a request came and went. */
function logger(land: Land): object {
  const note = (fields: { err?: unknown }): void => {
    if (fields.err !== undefined) land(fields.err)
  }
  const log = { level: 'info', fatal: note, error: note, warn: note, info: nothing, debug: nothing, trace: nothing, silent: nothing, child: () => log }
  return log
}
