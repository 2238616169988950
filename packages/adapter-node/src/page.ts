import type { FaultSource } from '@afterword/lifecycle-core'
import { exchangeOf, type ServerExchange } from '@afterword/lifecycle-core/adapter'
import type { AnyResponse } from './head.js'
import { holdOf } from './hold.js'

const page = 'Internal Server Error\n'

/** The handler is the framework here, so its error goes to the sink and the client gets a plain answer. */
export function answerFault(exchange: ServerExchange, res: AnyResponse, error: unknown, source: FaultSource = 'handler'): void {
  if (!exchange.handlerFailed(error, source)) return
  exchange.report(error, source)
  // A reply that waits for hooks, but was not written to its end, never will be.
  if (holdOf(res)?.yield(error) === false) return
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
