import { type Exchange, type LifecycleOptions, NodeLifecycle } from '@afterword/adapter-node'
import { exchangeOf } from '@afterword/lifecycle-core/adapter'
import type { Context, Next } from 'koa'

export * from '@afterword/adapter-node'

declare module 'koa' {
  // Every context extends this one, also those of applications with a type of their own for it.
  interface ExtendableContext {
    /** The exchange of this request. */
    exchange: Exchange
  }
}

/** A lifecycle for Koa 2 and 3. */
export class KoaLifecycle extends NodeLifecycle {
  /**
   * Begins the exchange of every request that reaches it: mount it first. What is thrown behind it, and what breaks a
   * stream body, goes on to Koa as long as the client can still be told, and to the sink after that.
   *
   * @example
   * ```ts
   * app.use(lifecycle.middleware)
   * ```
   */
  readonly middleware = async (ctx: Context, next: Next): Promise<void> => {
    const exchange = this.exchange(ctx.req, ctx.res, ctx.originalUrl)
    Object.assign(ctx, { exchange, onerror: onError })
    exchange.owner = ctx
    if (this.turnsAway(exchange, ctx.res)) {
      ctx.respond = false
      return
    }
    try {
      await (exchange.handling = exchange.run(next))
      if (exchange.awaitsPayload && ctx.respond !== false) await this.showBody(ctx)
    } catch (error) {
      if (exchange.handlerFailed(error)) throw error
      // Koa has nothing to add to a response that is over.
      ctx.respond = false
    }
  }

  protected override routeOf(res: object): string | undefined {
    // Left there by @koa/router and koa-router.
    const route = contextOf(res)?.['_matchedRoute'] as string | RegExp | undefined
    return route?.toString()
  }

  /** Koa replies once its middleware has returned. */
  private async showBody(ctx: Context): Promise<void> {
    const body = await this.transformPayload(ctx.res, ctx.body)
    if (body === ctx.body) return
    // The status again, which a body sets when nobody else has.
    Object.assign(ctx, { body, status: ctx.status })
  }

  protected override refuse(res: object, error: unknown): boolean {
    const ctx = contextOf(res)
    // A handler that replies past Koa has said so.
    if (ctx === undefined || ctx.respond === false) return false
    ctx.onerror(error as Error)
    return true
  }
}

/** Undefined where the server is attached and the middleware has not run. */
function contextOf(res: object): Context | undefined {
  return exchangeOf(res)?.owner as Context | undefined
}

// Of what breaks outside of the chain of middleware, which is a stream body, only `ctx.onerror` hears. One function for
// all contexts, with Koa's own behind it.

function onError(this: Context, error: NodeJS.ErrnoException | null | undefined): void {
  const { req, res } = this
  // Of a connection that is over Koa hears as well, and has its own way with that. A stream body ends one as it breaks.
  const broken = error !== req.socket.errored || (error === res.errored && this.respond !== false)
  const isOwn = error != null && error.code !== 'ERR_STREAM_PREMATURE_CLOSE'
  const exchange = exchangeOf(res)
  // Since Node 22 a stream body tells of its error twice, the second time when Koa has answered.
  const isNew = isOwn && broken && exchange?.hasFailedWith(error) === false
  if (isNew && !exchange.handlerFailed(error)) Object.assign(this, { onerror: onEcho })
  else Object.getPrototypeOf(this).onerror.call(this, error)
}

/** Koa hears once more of an error that destroyed the response. */
function onEcho(this: Context, error: NodeJS.ErrnoException | null | undefined): void {
  if (error !== this.res.errored) onError.call(this, error)
}

/**
 * Makes the lifecycle of one Koa application.
 *
 * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_OPTION`, `ERR_LIFECYCLE_UNKNOWN_OPTION`
 *
 * @example
 * ```ts
 * import Koa from 'koa'
 * import { after, createLifecycle } from '@afterword/adapter-koa'
 *
 * const lifecycle = createLifecycle()
 * const app = new Koa()
 * app.use(lifecycle.middleware)
 * app.use((ctx) => {
 *   after(({ status }) => console.log('replied with', status))
 *   ctx.body = 'hello'
 * })
 * const server = app.listen(3000)
 * process.once('SIGTERM', () => lifecycle.drain({ server }))
 * ```
 */
export function createLifecycle(options?: LifecycleOptions): KoaLifecycle {
  return new KoaLifecycle(options)
}
