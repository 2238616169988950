import { type Exchange, type LifecycleOptions, NodeLifecycle } from '@afterword/adapter-node'
import { exchangeOf } from '@afterword/lifecycle-core/adapter'
import type { FastifyInstance, FastifyPluginCallback, FastifyReply } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { refuse } from './refuse.js'

export * from '@afterword/adapter-node'

declare module 'fastify' {
  interface FastifyRequest {
    /** The exchange of this request. */
    exchange: Exchange
  }
}

/** A lifecycle for Fastify 5. */
export class FastifyLifecycle extends NodeLifecycle {
  /**
   * Begins the exchange of every request of an instance and its children, and drains when the instance closes.
   *
   * @example
   * ```ts
   * await app.register(lifecycle.plugin)
   * ```
   */
  readonly plugin: FastifyPluginCallback = fastifyPlugin((app, _options, done) => this.mount(app, done), {
    fastify: '5.x',
    name: '@afterword/adapter-fastify',
  })

  protected override refuse(res: object, error: unknown): boolean {
    return refuse(exchangeOf(res)?.owner as FastifyReply, error)
  }

  private mount(app: FastifyInstance, done: () => void): void {
    // Registered twice, it would report every fault twice.
    if (app.hasRequestDecorator('exchange')) return done()
    app.decorateRequest('exchange', null as unknown as Exchange)
    app.addHook('onRequest', (request, reply, next) => {
      const exchange = this.exchange(request.raw, reply.raw, request.originalUrl)
      exchange.route = request.routeOptions.url ?? null
      request.exchange = exchange
      exchange.owner = reply
      exchange.run(next)
    })
    app.addHook('onError', (_request, reply, error, next) => {
      // Once the head is out, Fastify's own answer to an error fails, too. No exchange: a hook before ours has failed.
      const isEcho = error.code === 'ERR_HTTP_HEADERS_SENT' && reply.raw.destroyed
      if (!isEcho) exchangeOf(reply.raw)?.handlerFailed(error)
      next()
    })
    // Before onClose, so that databases that are closed there outlive the tasks.
    app.addHook('preClose', async () => {
      await this.drain({ server: app.server, timeout: timeLeft(app.initialConfig.pluginTimeout) })
    })
    done()
  }
}

/** Ms for the drain: Fastify waits for a hook no longer than for a plugin, and then closes the rest under its tasks. */
function timeLeft(pluginTimeout = 10_000): number {
  // The drain gives the tasks of what it cut a last slot of its own.
  return pluginTimeout === 0 ? 10_000 : Math.max(pluginTimeout * 0.9 - 250, 1)
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
