import { channels, exchangeOf, isThenable, settle, type ServerExchange } from '@afterword/lifecycle-core/adapter'
import { type Below, callSite, placeOf } from './call-site.js'
import { claimOf, isClaimed } from './claim.js'
import type { AnyResponse } from './head.js'

/** The exchange of a response after whose claim nothing further runs, once it is claimed. */
export function stoppedExchange(res: AnyResponse): ServerExchange | undefined {
  if (!isClaimed(res)) return undefined
  const exchange = exchangeOf(res)
  return exchange !== undefined && exchange.lifecycle.options.guard !== false ? exchange : undefined
}

/** Call sites that were warned of: a line per mistake, not per request. */
const warned = new Set<string>()

/** Says that `next()` does nothing any more, and why. */
export function tellStopped(exchange: ServerExchange, res: AnyResponse, below: Below): void {
  const { callSites } = exchange.lifecycle.options
  if (!callSites && !channels.nextStopped.hasSubscribers) return
  const claimedAt = placeOf(claimOf(res)?.site)
  const calledAt = callSites ? placeOf(callSite('', below)) : null
  if (channels.nextStopped.hasSubscribers) channels.nextStopped.publish({ exchange, claimedAt, calledAt })
  const pair = `${claimedAt} ${calledAt}`
  if (!callSites || warned.has(pair)) return
  warned.add(pair)
  process.emitWarning(
    `next() was called at ${calledAt ?? 'an unknown place'}, after the response was claimed at ${claimedAt ?? 'an unknown place'}. ` +
      'No later middleware runs. Return after replying, or mark what is to run with afterwards().',
    'LifecycleWarning',
  )
}

/**
 * Calls error middleware for an error that comes after the claim. A response that nobody will end now is cut at once,
 * whatever the middleware makes of the error.
 */
export function callAfterClaim(exchange: ServerExchange, res: object, error: unknown, call: () => unknown): unknown {
  exchange.truncate()
  const claim = claimOf(res)
  if (claim === undefined) return call()
  const failure = { error }
  const leave = () => {
    if (claim.failure === failure) claim.failure = undefined
  }
  claim.failure = failure
  claim.isPassing = false
  let result: unknown
  try {
    result = call()
  } catch (thrown) {
    leave()
    throw thrown
  }
  if (isThenable(result)) settle(result, leave, leave)
  else leave()
  return result
}
