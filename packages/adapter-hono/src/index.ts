import { type Exchange, type LifecycleOptions, NodeLifecycle } from '@afterword/adapter-node'
import { exchangeOf } from '@afterword/lifecycle-core/adapter'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'

export * from '@afterword/adapter-node'

declare module 'hono' {
  interface ContextVariableMap {
    /** The exchange of this request. */
    exchange: Exchange
  }
}

/** A lifecycle for Hono on `@hono/node-server`. */
export class HonoLifecycle extends NodeLifecycle {
  /**
   * Begins the exchange of every request that reaches it: mount it first. Where there is no response of Node's, in
   * `app.request()` and in the upgrade to a WebSocket, there is no exchange.
   *
   * @example
   * ```ts
   * app.use(lifecycle.middleware)
   * ```
   */
  readonly middleware: MiddlewareHandler = async (c, next) => {
    const { incoming, outgoing } = Object(c.env)
    if (outgoing === undefined) return next()
    const exchange = this.exchange(incoming, outgoing)
    c.set('exchange', exchange)
    exchange.owner = c
    try {
      if (!this.turnsAway(exchange, outgoing)) {
        await (exchange.handling = exchange.run(next))
        // An error that `app.onError` has answered.
        if (c.error === undefined || exchange.handlerFailed(c.error)) return
      }
    } catch (error) {
      // What is no `Error`.
      if (exchange.handlerFailed(error)) throw error
    }
    // Emptied first, or the fields of the answer would be kept. It would be a second one.
    c.res = undefined
    c.res = RESPONSE_ALREADY_SENT
  }

  protected override routeOf(res: object): string | undefined {
    const c = exchangeOf(res)?.owner as Context | undefined
    const route = c && matchedRoutes(c)[c.req.routeIndex]
    // Middleware stands in the list of routes as well: for all methods, and with a `next`.
    return route?.method === 'ALL' && route.handler.length > 1 ? undefined : route?.path
  }
}

/**
 * Makes the lifecycle of one Hono application.
 *
 * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_OPTION`, `ERR_LIFECYCLE_UNKNOWN_OPTION`
 *
 * @example
 * ```ts
 * import { serve } from '@hono/node-server'
 * import { Hono } from 'hono'
 * import { after, createLifecycle } from '@afterword/adapter-hono'
 *
 * const lifecycle = createLifecycle()
 * const app = new Hono()
 * app.use(lifecycle.middleware)
 * app.post('/orders', (c) => {
 *   after(({ status }) => console.log('replied with', status))
 *   return c.json({ ok: true }, 201)
 * })
 * const server = serve({ fetch: app.fetch, port: 3000 })
 * process.once('SIGTERM', () => lifecycle.drain({ server }))
 * ```
 */
export function createLifecycle(options?: LifecycleOptions): HonoLifecycle {
  return new HonoLifecycle(options)
}
