import type { ServerResponse } from 'node:http'
import { type Exchange, type Fault, LifecycleError, type LifecycleOptions, NodeLifecycle } from '@afterword/adapter-node'
import { check, type Requirements, type ServerExchange } from '@afterword/lifecycle-core/adapter'
import { guardApplication } from './guard.js'
import { callFirst, whenMounted } from './mount.js'
import { type ExpressApplication, isApplication, Relay } from './relay.js'
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

/** Options of {@link ExpressLifecycle.faultsTo}. */
export interface RelayOptions {
  /**
   * Whether the faults of tasks go there, too. Default: false. The request and the response then stay in memory until
   * the last task of their exchange has settled.
   */
  tasks?: boolean
}

/** A lifecycle for Express 4 and 5. */
export class ExpressLifecycle extends NodeLifecycle {
  /** Begun by `callFirst`, on its way to the middleware. */
  private entering: ServerExchange | undefined = undefined
  /** Set by `faultsTo`. */
  relay: Relay | undefined = undefined

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
    // Begun already, in the same turn, where this is the first middleware of its application.
    const { entering } = this
    this.entering = undefined
    const exchange = entering?.response === res ? entering : this.exchange(req, res, req.originalUrl)
    this.relay?.enter(exchange, res)
    if (!this.turnsAway(exchange, res)) exchange.run(next)
  }

  /**
   * Notes what a handler threw in the outcome, which nothing else can on Express: mount it after the routes, before your
   * own error handlers. They get the error as long as the client can still be told. After that it goes to the sink
   * instead, and not to Express's default handler, which would destroy the connection and the requests that wait on it.
   * With {@link faultsTo} it is not needed.
   *
   * @example
   * ```ts
   * app.use(lifecycle.errorMiddleware)
   * app.use(errorPage)
   * ```
   */
  readonly errorMiddleware = (error: unknown, req: Request, res: ServerResponse, next: (error: unknown) => void): void => {
    if (this.relay !== undefined || this.handlerFailed(req, res, error)) next(error)
  }

  /**
   * Sends what handlers throw after the head to the application's own error middleware, as `(error, req, res, next)`
   * with `res.headersSent === true`; with `tasks`, what tasks throw as well. Nothing that is done to that `res` has an
   * effect. What error middleware passes on with `next(error)`, or throws, goes to the sink, and never to Express's
   * default handler, so the connection lives. Returns the application.
   *
   * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_ARGUMENT` for anything but an Express application, or a second one;
   * `ERR_LIFECYCLE_INVALID_OPTION`, `ERR_LIFECYCLE_UNKNOWN_OPTION`
   *
   * @example
   * ```ts
   * import type { ErrorRequestHandler } from 'express'
   *
   * lifecycle.faultsTo(app)
   * app.use(lifecycle.middleware)
   * app.post('/orders', (req, res, next) => {
   *   res.sendStatus(202)
   *   place(req.body).then(sendReceipt).catch(next)
   * })
   * const errorPage: ErrorRequestHandler = (error, req, res, next) => {
   *   log.error(error)
   *   if (!res.headersSent) res.sendStatus(500)
   * }
   * app.use(errorPage)
   * ```
   */
  faultsTo<App extends ExpressApplication>(app: App, options: RelayOptions = {}): App {
    check('faultsTo', options, relayRequirements)
    if (!isApplication(app)) {
      throw new LifecycleError('ERR_LIFECYCLE_INVALID_ARGUMENT', 'faultsTo() takes an Express application.')
    }
    if (this.relay !== undefined && this.relay.app !== app) {
      const message = 'faultsTo() was called with another application before. Make a lifecycle for each, or name the outermost.'
      throw new LifecycleError('ERR_LIFECYCLE_INVALID_ARGUMENT', message)
    }
    this.relay ??= new Relay(app, options.tasks === true, (req, error) => this.isLost(req, error))
    return app
  }

  override report(error: unknown, fault: Fault, exchange: ServerExchange): void {
    const refuse = (last: unknown): void => super.report(last, fault, exchange)
    if (fault.source !== 'task' || this.relay?.take(error, exchange, refuse) !== true) refuse(error)
  }

  /** Use {@link createLifecycle}. */
  constructor(options?: LifecycleOptions) {
    super(options)
    whenMounted(this.middleware, (app, isFirst) => {
      if (this.options.guard !== false) guardApplication(app)
      // Hooks of every payload look for Express's methods.
      if (isFirst && this.options.onPayload === undefined) callFirst(app, (req, res) => (this.entering = this.exchange(req, res, req.originalUrl)))
    })
  }

  protected override routeOf(res: object): string | undefined {
    const req = look(res, 'req') as Request
    const route = look(req, 'route') as Request['route']
    if (route?.path === undefined) return undefined
    const path = textOf(route.path)
    const baseUrl = look(req, 'baseUrl') as string | undefined
    return baseUrl ? baseUrl + path : path
  }

  /** To the router in which the handler stands, so that the error middleware of that router sees it first. */
  protected override refuse(res: object, error: unknown): boolean {
    const { next } = (res as { req: { next?: Next } }).req
    next?.(error)
    return next !== undefined
  }

  protected override payloadMethods(res: object): readonly [owner: object, names: readonly string[]] {
    // On a server of somebody else's, Express may not have seen the response yet.
    return [res, ['json', 'jsonp', 'send'].filter((name) => name in res)]
  }
}

/**
 * On Node 20 every object whose prototype Express has replaced has a shape of its own. A look-up by a name that varies does
 * not try to remember them all, which would take longer than the look-up.
 */
function look(target: object, name: string): unknown {
  return (target as Record<string, unknown>)[name]
}

const texts = new WeakMap<object, string>()

/** The text of a path. That of a list or a pattern is made once: it takes longer than everything else at the end of an exchange. */
function textOf(path: unknown): string {
  if (typeof path !== 'object' || path === null) return String(path)
  let text = texts.get(path)
  if (text === undefined) texts.set(path, (text = String(path)))
  return text
}

const relayRequirements: Requirements = {
  tasks: [(value) => typeof value === 'boolean', 'true or false'],
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
