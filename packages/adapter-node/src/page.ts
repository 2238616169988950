import type { FaultSource } from '@afterword/lifecycle-core'
import { exchangeOf, isThenable, type ServerExchange, settle } from '@afterword/lifecycle-core/adapter'
import type { AnyResponse } from './head.js'
import { holdOf } from './hold.js'

const page = 'Internal Server Error\n'

/** Takes the error of a handler that failed before the head, and answers. May be async. */
type ErrorHandler = (error: unknown, req: never, res: never) => unknown

/** The handler is the framework here, so its error goes to the application's error handler, or to the sink, and the client gets a plain answer. */
export function answerFault(exchange: ServerExchange, res: AnyResponse, error: unknown, source: FaultSource = 'handler'): void {
  const lost = isLost(res.req, error)
  if (!exchange.handlerFailed(error, source, lost)) return
  // A reply that waits for hooks, but was not written to its end, never will be.
  const mayAnswer = holdOf(res)?.yield(error) !== false
  const { errorHandler } = Object(exchange.owner) as { errorHandler?: ErrorHandler }
  if (errorHandler === undefined || !mayAnswer) {
    if (!lost) exchange.report(error, source)
    if (mayAnswer) answerPlainly(res)
    return
  }
  const onFailure = (second: unknown): void => {
    // What did not take the error must not be the only one that was told of it.
    exchange.report(error, source)
    if (!exchange.handlerFailed(second)) return
    exchange.report(second, 'handler')
    if (holdOf(res)?.yield(second) !== false) answerPlainly(res)
  }
  try {
    const result = exchange.run(errorHandler, error, res.req as never, res as never)
    if (isThenable(result)) settle(result, undefined, onFailure)
  } catch (second) {
    onFailure(second)
  }
}

function answerPlainly(res: AnyResponse): void {
  // A head that was written to a destroyed response is no commit, but the response takes no other.
  if (res.headersSent) return
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  res.statusCode = 500
  res.setHeader('content-type', 'text/plain; charset=utf-8')
  res.setHeader('content-length', page.length)
  res.end(page)
}

/** Where no framework answers errors: a hook refused the reply. */
export function answerRefusal(res: AnyResponse, error: unknown): void {
  const exchange = exchangeOf(res)
  if (exchange !== undefined) answerFault(exchange, res, error, 'commit-hook')
}

/** Whether an error is the request's own because its client left while the body was being read. */
export function isLost(req: AnyResponse['req'], error: unknown): boolean {
  return req.aborted && (error === req.errored || (error as { type?: unknown } | null)?.type === 'request.aborted')
}
