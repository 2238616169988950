import type { ServerResponse } from 'node:http'
import { type Exchange, type LifecycleOptions, NodeLifecycle } from '@afterword/adapter-node'
import { exchangeOf } from '@afterword/lifecycle-core/adapter'
import { guardApplication, guardWhereMounted } from './guard.js'
import type { Application, Next, Request } from './routing.js'

export * from '@afterword/adapter-node'

declare global {
  // Express's own types are open for this; no import of them is needed.
  namespace Express {
    interface Request {
      /** The exchange of this request. */
      exchange: Exchange
    }
  }
}

/** A lifecycle for Express 4 and 5. */
export class ExpressLifecycle extends NodeLifecycle {
  /**
   * Begins the exchange of every request that reaches it: mount it first.
   *
   * @example
   * ```ts
   * app.use(lifecycle.middleware)
   * ```
   */
  readonly middleware = (req: Request, res: ServerResponse, next: () => void): void => {
    // Mounted on a router, or called by other middleware, it hears of the application only now.
    if (this.options.guard !== false && req.app !== undefined) guardApplication(req.app as Application)
    const exchange = this.exchange(req, res, req.originalUrl)
    exchange.owner ??= next
    if (!this.turnsAway(exchange, res)) exchange.run(next)
  }

  /**
   * Notes what a handler threw in the outcome, which nothing else can on Express: mount it after the routes, before your
   * own error handlers. They get the error as long as the client can still be told. After that it goes to the sink
   * instead, and not to Express's default handler, which would destroy the connection and the requests that wait on it.
   *
   * @example
   * ```ts
   * app.use(lifecycle.errorMiddleware)
   * app.use((error, req, res, next) => res.status(500).render('error'))
   * ```
   */
  readonly errorMiddleware = (error: unknown, _req: Request, res: ServerResponse, next: (error: unknown) => void): void => {
    if (exchangeOf(res)?.handlerFailed(error) !== false) next(error)
  }

  constructor(options?: LifecycleOptions) {
    super(options)
    if (this.options.guard !== false) guardWhereMounted(this.middleware)
  }

  protected override routeOf(res: object): string | undefined {
    const { baseUrl = '', route } = (res as { req: Request }).req
    return route?.path === undefined ? undefined : baseUrl + String(route.path)
  }

  /** To the router in which the handler stands, so that the error middleware of that router sees it first. */
  protected override refuse(res: object, error: unknown): boolean {
    const next = (res as { req: { next?: Next } }).req.next ?? (exchangeOf(res)?.owner as Next)
    next(error)
    return true
  }
}

/**
 * Makes the lifecycle of one Express application.
 *
 * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_OPTION`, `ERR_LIFECYCLE_UNKNOWN_OPTION`
 *
 * @example
 * ```ts
 * import express from 'express'
 * import { after, createLifecycle } from '@afterword/adapter-express'
 *
 * const lifecycle = createLifecycle()
 * const app = express()
 * app.use(lifecycle.middleware)
 * app.post('/orders', (req, res) => {
 *   after(({ status }) => console.log('replied with', status))
 *   res.status(201).json({ ok: true })
 * })
 * const server = app.listen(3000)
 * process.once('SIGTERM', () => lifecycle.drain({ server }))
 * ```
 */
export function createLifecycle(options?: LifecycleOptions): ExpressLifecycle {
  return new ExpressLifecycle(options)
}
