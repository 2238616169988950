import { type DrainOptions, type Exchange, type Fault, type FaultLogger, type LifecycleOptions, NodeLifecycle, type NodeServer } from '@afterword/adapter-node'
import { claimOf, secondReply } from '@afterword/adapter-node/adapter'
import { exchangeOf, type ServerExchange } from '@afterword/lifecycle-core/adapter'
import type { FastifyBaseLogger, FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { catchLate, catchLateHook } from './late.js'
import { refuse } from './refuse.js'

export * from '@afterword/adapter-node'

declare module 'fastify' {
  interface FastifyRequest {
    /** The exchange of this request. */
    exchange: Exchange
  }
}

/** Options of the plugin. */
export interface PluginOptions {
  /** Options of the drain in `app.close()`. Its default `timeout` is nearly Fastify's `pluginTimeout`. */
  drain?: Omit<DrainOptions, 'server'>
}

/** A lifecycle for Fastify 5. */
export class FastifyLifecycle extends NodeLifecycle {
  /** The application's logger, if it has one, and faults are to go there. */
  private log: FastifyBaseLogger | undefined = undefined

  /**
   * Begins the exchange of every request of an instance and its children, and drains when the instance closes.
   *
   * @example
   * ```ts
   * await app.register(lifecycle.plugin, { drain: { timeout: 5_000 } })
   * ```
   */
  readonly plugin: FastifyPluginCallback<PluginOptions> = fastifyPlugin<PluginOptions>((app, { drain }, done) => this.mount(app, drain, done), {
    fastify: '5.x',
    name: '@afterword/adapter-fastify',
  })

  /** Where no handler has told it. Fastify makes the options of the route anew whenever they are asked for. */
  protected override routeOf(res: object): string | undefined {
    return requestOf(exchangeOf(res))?.routeOptions.url
  }

  protected override refuse(res: object, error: unknown): boolean {
    return refuse(exchangeOf(res)?.owner as FastifyReply, error)
  }

  protected override payloadMethods(res: object): readonly [owner: object, names: readonly string[]] {
    return [exchangeOf(res)?.owner as FastifyReply, ['send']]
  }

  private mount(app: FastifyInstance, drain: PluginOptions['drain'] = {}, done: (error?: Error) => void): void {
    try {
      this.checkDrain(drain)
    } catch (error) {
      // Fastify waits for ever for a plugin that throws.
      return done(error as Error)
    }
    // Registered twice, every hook of it would run twice.
    if (app.hasRequestDecorator('exchange')) return done()
    app.decorateRequest('exchange', null as unknown as Exchange)
    const { onError, logger } = this.options
    if (onError === undefined && logger === undefined && !isMute(app.log)) this.log = app.log
    app.addHook('onRequest', (request, reply, next) => {
      if (this.options.guard !== false) reply.send = send
      const exchange = this.exchange(request.raw, reply.raw, request.originalUrl, reply)
      request.exchange = exchange
      if (!this.rejects(exchange)) return exchange.run(next)
      const body = { statusCode: 503, error: 'Service Unavailable', message: 'Service Unavailable' }
      return void reply.code(503).header('retry-after', '1').send(body)
    })
    app.addHook('onError', (request, reply, error, next) => {
      // Once the head is out there is no answer to an error: Fastify's own would fail, and be an error, too.
      if (this.handlerFailed(request.raw, reply.raw, error)) next()
    })
    const fails = (request: FastifyRequest, reply: FastifyReply, error: unknown): boolean => this.fails(request, reply, error)
    app.addHook('onRoute', (route) => {
      route.handler = catchLate(route.handler, route.url, fails)
      if (route.onResponse !== undefined) route.onResponse = [route.onResponse].flat().map((hook) => catchLateHook(hook as never))
    })
    const { addHook } = app
    app.addHook = function (this: FastifyInstance, name: string, hook: never) {
      return addHook.call(this, name as never, (name === 'onResponse' ? catchLateHook(hook) : hook) as never)
    } as never
    // Before onClose, so that databases that are closed there outlive the tasks.
    app.addHook('preClose', async () => {
      const report = await this.drain({ ...drain, ...this.timeLeft(app, drain), server: this.serversOf(app) })
      if (!report.clean) app.log.warn({ drain: report }, 'the drain was not clean')
    })
    done()
  }

  override loggerOf(exchange: ServerExchange): FaultLogger | undefined {
    if (this.log === undefined) return undefined
    const log = requestOf(exchange)?.log
    // Of an application beside the one that has a logger.
    return log === undefined || isMute(log) ? undefined : log
  }

  override report(error: unknown, fault: Fault, exchange: ServerExchange): void {
    this.sink.report(error, fault, exchange.logger ?? this.log)
  }

  /** Whether the error of a handler has come too late for Fastify, which would only log it, or lose it. */
  private fails(request: FastifyRequest, reply: FastifyReply, error: unknown): boolean {
    const exchange = exchangeOf(reply.raw)
    if (exchange === undefined) return false
    if (!this.handlerFailed(request.raw, reply.raw, error)) return true
    // A reply that the handler has taken over is not Fastify's to answer.
    if (reply.sent) exchange.report(error, 'handler')
    return reply.sent
  }

  /** Fastify waits for a hook no longer than for a plugin, and then closes the rest under the tasks of the drain. */
  private timeLeft(app: FastifyInstance, { timeout, readinessDelay = 0, handOverTimeout = 1000 }: DrainOptions): { timeout?: number } {
    const { pluginTimeout = 10_000 } = app.initialConfig
    // The drain gives the tasks of what it cut a last slot of its own.
    const besides = readinessDelay + 250 + (this.options.onAbandoned === undefined ? 0 : handOverTimeout)
    const limit = pluginTimeout === 0 ? Infinity : Math.max(pluginTimeout * 0.9 - besides, 1)
    const wanted = this.state === 'accepting' ? timeout : this.drainMsLeft
    if (wanted === undefined) return { timeout: limit === Infinity ? 10_000 : limit }
    if (wanted <= limit) return this.state === 'accepting' ? { timeout: wanted } : {}
    const needed = Math.ceil((wanted + besides) / 0.9)
    app.log.warn(`The drain gets ${Math.round(limit)} ms and not ${Math.round(wanted)}: set pluginTimeout: ${needed} in the options of Fastify.`)
    return { timeout: limit }
  }

  /** Listening on `localhost`, Fastify has a server for each address. */
  override serversOf(app: { readonly server: NodeServer }): readonly NodeServer[] {
    const others: NodeServer[] = []
    for (let owner: object | null = app; owner !== null; owner = Object.getPrototypeOf(owner) as object | null) {
      const key = Object.getOwnPropertySymbols(owner).find(({ description }) => description === 'fastify.serverBindings')
      if (key !== undefined) others.push(...(owner as Record<symbol, NodeServer[]>)[key] as NodeServer[])
    }
    return [app.server, ...others]
  }
}

/** Shared by all replies. Fastify drops a second reply by itself, and tells its log only. */
function send(this: FastifyReply, payload?: unknown): FastifyReply {
  if (this.sent && claimOf(this.raw) !== undefined) {
    secondReply(this.raw, 'send', send)
    return this
  }
  return (Object.getPrototypeOf(this) as FastifyReply).send.call(this, payload)
}

/** The request of an exchange that began in the plugin. One of a `listener()` has none, and may have another owner. */
function requestOf(exchange: ServerExchange | undefined): FastifyRequest | undefined {
  return (exchange?.owner as Partial<FastifyReply> | undefined)?.request
}

/** Whether it is the logger of an application without one, which says nothing and has no level. */
function isMute({ level, error, trace }: FastifyBaseLogger): boolean {
  return level === undefined && error === trace
}

/**
 * Makes the lifecycle of one Fastify application.
 *
 * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_OPTION`, `ERR_LIFECYCLE_UNKNOWN_OPTION`
 *
 * @example
 * ```ts
 * import fastify from 'fastify'
 * import { after, createLifecycle } from '@afterword/adapter-fastify'
 *
 * const lifecycle = createLifecycle()
 * const app = fastify()
 * await app.register(lifecycle.plugin)
 * app.post('/orders', async (request, reply) => {
 *   after(({ status }) => console.log('replied with', status))
 *   return reply.code(201).send({ ok: true })
 * })
 * await app.listen({ port: 3000 })
 * process.once('SIGTERM', () => app.close())
 * ```
 */
export function createLifecycle(options?: LifecycleOptions): FastifyLifecycle {
  return new FastifyLifecycle(options)
}
