import { exchangeOf, isThenable, type ServerExchange, settle } from '@afterword/lifecycle-core/adapter'
import type { FastifyReply, FastifyRequest, onResponseHookHandler, RouteHandlerMethod } from 'fastify'

const caught = Symbol.for('afterword.caught')

/** Takes an error if it came too late for Fastify. */
type Take = (request: FastifyRequest, reply: FastifyReply, error: unknown) => boolean

/** Wraps the handler of a route, and tells it: its error goes to Fastify while that can answer it, and otherwise to `take`. */
export function catchLate(handler: RouteHandlerMethod, route: string, take: Take): RouteHandlerMethod {
  // The HEAD route that Fastify makes of a GET route has its handler, too.
  if (caught in handler) return handler
  const wrapped: RouteHandlerMethod = function (request, reply) {
    const exchange = request.exchange as ServerExchange | null
    if (exchange !== null) exchange.route = route
    try {
      const result: unknown = handler.call(this, request, reply)
      return isThenable(result) ? new Watched(result, (error) => take(request, reply, error)) : result
    } catch (error) {
      if (!take(request, reply, error)) throw error
      return undefined
    }
  }
  return Object.assign(wrapped, { [caught]: true })
}

/** A promise whose rejection may be taken. Not a promise of its own, which would cost every request a turn more. */
class Watched {
  private readonly work: PromiseLike<unknown>
  private readonly take: (error: unknown) => boolean

  constructor(work: PromiseLike<unknown>, take: (error: unknown) => boolean) {
    this.work = work
    this.take = take
  }

  // oxlint-disable-next-line unicorn/no-thenable -- that is what it is
  then(onFulfilled?: (value: unknown) => unknown, onRejected?: (error: unknown) => unknown): PromiseLike<unknown> {
    return this.work.then(onFulfilled, (error) => {
      if (this.take(error)) return undefined
      if (onRejected) return onRejected(error)
      throw error
    })
  }
}

/** Wraps an `onResponse` hook: its error goes to the sink, and the others are called. */
export function catchLateHook(hook: onResponseHookHandler): onResponseHookHandler {
  // Fastify says what is wrong with a hook that is none, or is async and takes a callback as well.
  if (typeof hook !== 'function' || (hook.constructor.name === 'AsyncFunction' && hook.length === 3)) return hook
  return function (request, reply, done) {
    const next = (error?: unknown): void => {
      if (error) exchangeOf(reply.raw)?.report(error, 'hook')
      done()
    }
    try {
      const result: unknown = hook.call(this, request, reply, next)
      if (isThenable(result)) settle(result, () => next(), (error) => next(error ?? new Error('The hook rejected without a reason.')))
    } catch (error) {
      next(error)
    }
  }
}
