import { LifecycleError } from '@afterword/lifecycle-core'
import { channels, exchangeOf, type ServerExchange } from '@afterword/lifecycle-core/adapter'
import { type Below, callSite, placeOf, traceTo } from './call-site.js'
import { Claim, claimOf, setClaim } from './claim.js'
import type { AnyResponse } from './head.js'

const originals = Symbol('afterword.originals')

type Method = (...args: unknown[]) => unknown
type Contained = AnyResponse & { [originals]?: { write?: Method; end?: Method } }

/** What is replaced on a response once it is claimed. Nothing is, before. */
interface Replaced {
  setHeader: Method
  setHeaders: Method
  appendHeader: Method
  removeHeader: Method
  writeHead: Method
  write: Method
  end: Method
}

/**
 * A guarded response is claimed: from here on whatever would be a second reply is kept from it. Otherwise it throws
 * ERR_HTTP_HEADERS_SENT, or becomes an 'error' event, and both can end the process.
 */
export function contain(res: AnyResponse, exchange: ServerExchange, below?: Below): void {
  const contained = res as Contained
  const replaced = res as unknown as Replaced
  if (replaced.setHeader === setHeader) return
  claimNow(res, exchange, below)
  // Middleware that holds a body back, such as compression, has methods of its own.
  if (Object.hasOwn(res, 'write')) (contained[originals] ??= {}).write = replaced.write
  if (Object.hasOwn(res, 'end')) (contained[originals] ??= {}).end = replaced.end
  replaced.setHeader = setHeader
  replaced.setHeaders = setHeaders
  replaced.appendHeader = appendHeader
  replaced.removeHeader = removeHeader
  replaced.writeHead = writeHead
  replaced.write = write
  replaced.end = end
}

/** A reply is held by hooks before its head is written: that is a claim as well. */
export function claimHeld(res: AnyResponse, below: Below): void {
  const exchange = exchangeOf(res)
  if (exchange !== undefined && exchange.lifecycle.options.guard !== false) claimNow(res, exchange, below)
}

/** Keeps a second reply from one that is held. Whether it did: without the guard there is no claim. */
export function containHeld(res: AnyResponse, method: keyof Replaced, below: Below): boolean {
  if (claimOf(res) === undefined) return false
  secondReply(res, method, below)
  return true
}

function claimNow(res: AnyResponse, exchange: ServerExchange, below: Below | undefined): void {
  if (claimOf(res) !== undefined) return
  const { callSites } = exchange.lifecycle.options
  setClaim(res, new Claim(exchange, callSites && below !== undefined ? callSite('The response was claimed here.', below) : undefined))
}

function setHeader(this: Contained): unknown {
  secondReply(this, 'setHeader', setHeader)
  return this
}

function setHeaders(this: Contained): unknown {
  secondReply(this, 'setHeaders', setHeaders)
  return this
}

function appendHeader(this: Contained): unknown {
  secondReply(this, 'appendHeader', appendHeader)
  return this
}

function removeHeader(this: Contained): void {
  secondReply(this, 'removeHeader', removeHeader)
}

function writeHead(this: Contained): unknown {
  secondReply(this, 'writeHead', writeHead)
  return this
}

function write(this: Contained, ...args: unknown[]): unknown {
  if (!this.writableEnded && !isForeign(this)) return original(this, 'write').apply(this, args)
  callBack(this, args, secondReply(this, 'write', write), write)
  // A stream that is piped here must not wait for 'drain'.
  return true
}

function end(this: Contained, ...args: unknown[]): unknown {
  // Node takes an end without a body any number of times, and much of what is written for it counts on that.
  const isHarmless = this.writableEnded ? args[0] === undefined || args[0] === null || typeof args[0] === 'function' : !isForeign(this)
  if (isHarmless) return original(this, 'end').apply(this, args)
  callBack(this, args, secondReply(this, 'end', end), end)
  return this
}

/** Whether whoever calls is not the one who replies. */
function isForeign(res: Contained): boolean {
  const claim = claimOf(res) as Claim
  return claim.isSecond || claim.failure !== undefined
}

function original(res: Contained, name: 'write' | 'end'): Method {
  return res[originals]?.[name] ?? (Object.getPrototypeOf(res) as Record<typeof name, Method>)[name]
}

/** As Node does it: in a later turn, and with an error. */
function callBack(res: Contained, args: readonly unknown[], error: Error | undefined, below: Below): void {
  const callback = args.find((each) => typeof each === 'function') as ((error: Error) => void) | undefined
  if (callback !== undefined) process.nextTick(callback, error ?? doubleReply(claimOf(res)?.site, below.name, below))
}

/** Tells of a second reply, once however many methods it calls. */
export function secondReply(res: Contained, method: keyof Replaced | 'send', below: Below): Error | undefined {
  const claim = claimOf(res) as Claim
  const { exchange, failure } = claim
  if (failure !== undefined) {
    claim.reportFailure(failure.error)
    return undefined
  }
  // Nobody was replied to, or it is the framework that walks on.
  if (claim.isPassing || exchange.outcome?.kind === 'aborted') return undefined
  const { guard } = exchange.lifecycle.options
  if (claim.isSecond && guard !== 'strict') return undefined
  claim.beginSecond(res.writableEnded)
  const error = doubleReply(claim.site, method, below)
  if (channels.doubleReply.hasSubscribers) channels.doubleReply.publish({ exchange, method, error })
  if (guard === 'strict') throw error
  claim.reportReply(error)
  return error
}

/** Its stack leads to the second reply, that of its cause to the first. */
function doubleReply(site: Error | undefined, method: string, below: Below): LifecycleError {
  const where =
    site === undefined
      ? 'after the response was claimed'
      : `at ${placeOf(callSite('', below)) ?? 'an unknown place'}, after the response was claimed at ${placeOf(site) ?? 'an unknown place'}`
  const message = `${method}() was called ${where}. The first reply stands. Return after replying.`
  return traceTo(new LifecycleError('ERR_LIFECYCLE_DOUBLE_REPLY', message, { cause: site }), below)
}
