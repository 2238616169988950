import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { type Exchange, LifecycleError } from '@afterword/lifecycle-core'
import { exchangeOf, isThenable, settle } from '@afterword/lifecycle-core/adapter'
import { exempt, isAfterwards } from './afterwards.js'
import type { Below } from './call-site.js'
import { isClaimed } from './claim.js'
import type { NodeResponse } from './lifecycle.js'
import { callAfterClaim, stoppedExchange, tellStopped } from './stop.js'

/** Goes on to the next middleware; with an error, to the next error middleware. */
export type Next = (error?: unknown) => void

/** Handles a request, or calls `next`. May be async: a rejection is the same as `next(error)`. */
export type Middleware<Req = IncomingMessage, Res = ServerResponse> = (req: Req & { exchange: Exchange }, res: Res, next: Next) => unknown

/** Middleware of four parameters is called for errors only. */
export type ErrorMiddleware<Req = IncomingMessage, Res = ServerResponse> = (
  error: unknown,
  req: Req & { exchange: Exchange },
  res: Res,
  next: Next,
) => unknown

/** A chain: a handler for `listener()`, and middleware for another chain. */
type Chain<Req, Res> = (req: Req & { exchange: Exchange }, res: Res, next?: Next) => Promise<void>

type AnyMiddleware = (...args: unknown[]) => unknown

/**
 * Makes one handler of middleware as connect and Express have it, for `node:http` and `node:http2`. What nobody handles is
 * answered with 404; an error that no error middleware takes rejects the promise, which `listener()` sees to.
 *
 * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_ARGUMENT`
 *
 * @example
 * ```ts
 * const server = createServer(lifecycle.listener(compose(authenticate, route, async (req, res) => {
 *   res.end(await render(req.url))
 * })))
 * ```
 */
export function compose<Req extends IncomingMessage | Http2ServerRequest = IncomingMessage, Res extends NodeResponse = ServerResponse>(
  ...middleware: Middleware<Req, Res>[]
): Chain<Req, Res>
export function compose<Req extends IncomingMessage | Http2ServerRequest = IncomingMessage, Res extends NodeResponse = ServerResponse>(
  ...middleware: (Middleware<Req, Res> | ErrorMiddleware<Req, Res>)[]
): Chain<Req, Res>
export function compose(...given: ((...args: never[]) => unknown)[]): (req: never, res: never, next?: Next) => Promise<void> {
  const middleware = given as AnyMiddleware[]
  if (!middleware.every((each) => typeof each === 'function')) {
    throw new LifecycleError('ERR_LIFECYCLE_INVALID_ARGUMENT', 'compose() takes middleware functions.')
  }
  function chain(req: unknown, res: NodeResponse, next?: Next): Promise<void> {
    return new Promise((resolve, reject) => new Run(middleware, req, res, next, resolve, reject).go(-1, undefined, chain))
  }
  return middleware.some(isAfterwards) ? exempt(chain) : chain
}

/** One request on its way through a chain. */
class Run {
  private readonly middleware: readonly AnyMiddleware[]
  private readonly req: unknown
  private readonly res: NodeResponse
  /** Where the chain inside another goes on. */
  private readonly outer: Next | undefined
  private readonly resolve: () => void
  private readonly reject: (error: unknown) => void
  private isOver = false

  constructor(
    middleware: readonly AnyMiddleware[],
    req: unknown,
    res: NodeResponse,
    outer: Next | undefined,
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    this.middleware = middleware
    this.req = req
    this.res = res
    this.outer = outer
    this.resolve = resolve
    this.reject = reject
  }

  /** Goes on behind a place in the chain. */
  go(place: number, error: unknown, caller: Below): void {
    const { middleware, req, res } = this
    const stopped = stoppedExchange(res)
    if (stopped !== undefined && !error && this.outer === undefined && !this.isExempt(place)) tellStopped(stopped, res, caller)
    for (let index = place + 1; index < middleware.length; index++) {
      const each = middleware[index] as AnyMiddleware
      if ((each.length === 4) !== Boolean(error)) continue
      if (stopped !== undefined && !error && !isAfterwards(each)) continue
      const next: Next = (again) => this.go(index, again, next)
      const fail = (thrown: unknown) => this.go(index, thrown || new Error('The middleware failed without an error.'), next)
      try {
        let result: unknown
        if (!error) result = each(req, res, next)
        else if (stopped === undefined) result = each(error, req, res, next)
        else result = callAfterClaim(stopped, res, error, () => each(error, req, res, next))
        if (isThenable(result)) settle(result, undefined, fail)
      } catch (thrown) {
        fail(thrown)
      }
      return
    }
    this.finish(error)
  }

  private isExempt(place: number): boolean {
    const caller = this.middleware[place]
    return caller !== undefined && isAfterwards(caller)
  }

  private finish(error: unknown): void {
    const { res, outer, isOver } = this
    this.isOver = true
    if (outer !== undefined) {
      this.resolve()
      outer(error)
    } else if (!error) {
      this.resolve()
      if (!isClaimed(res)) answerNotFound(res)
    } else if (!isOver) this.reject(error)
    else failLate(res, error)
  }
}

function answerNotFound(res: NodeResponse): void {
  res.statusCode = 404
  res.setHeader('content-type', 'text/plain; charset=utf-8')
  res.end('Not Found\n')
}

/** What fails when the promise has settled. */
function failLate(res: NodeResponse, error: unknown): void {
  const exchange = exchangeOf(res)
  // Without a lifecycle it is what the failure of any async function is.
  if (exchange === undefined) void Promise.reject(error)
  else if (exchange.handlerFailed(error)) exchange.report(error, 'handler')
}
