import { ServerResponse, type IncomingMessage } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { type HeaderFields, type HeaderValue, LifecycleError, type ResponseHead } from '@afterword/lifecycle-core'
import { exchangeOf } from '@afterword/lifecycle-core/adapter'
import type { Connection } from './connection.js'
import { contain } from './second-reply.js'
import { accepts, type HeadFields, merge } from './fields.js'

type WriteHead = (statusCode: number, reason?: string | HeadFields | null, fields?: HeadFields | null) => unknown

const overridden = Symbol.for('afterword.writeHead')
const late = Symbol.for('afterword.lateHead')

/** A response of HTTP/1 or of the HTTP/2 compatibility API: what both have in common. */
export type AnyResponse = (ServerResponse<IncomingMessage> | Http2ServerResponse) & { [overridden]?: WriteHead; [late]?: true }

const pristine = ServerResponse.prototype.writeHead as WriteHead

/**
 * Every head goes through `writeHead`, the implicit ones too, so an own property there sees the commit. 1xx responses
 * do not go through it.
 */
export function watchHead(res: AnyResponse): void {
  const own = res.writeHead as WriteHead
  if (own !== pristine) res[overridden] = own
  ;(res as { writeHead: WriteHead }).writeHead = own === pristine ? writePlainHead : writeHead
}

// Shared by all responses, with the arity of the original.

/** Where nobody else has a say, the original either throws or commits. See `http1.ts` for why the response is not asked. */
function writePlainHead(this: AnyResponse, statusCode: number, reason?: string | HeadFields | null, fields?: HeadFields | null): unknown {
  const exchange = exchangeOf(this)
  const connection = exchange?.kept as Connection | undefined
  if (connection?.isPlain !== true || connection.socket.destroyed || exchange?.isUnwatched !== true) {
    return writeHead.call(this, statusCode, reason, fields)
  }
  pristine.call(this, statusCode, reason, fields)
  exchange.commit(statusCode | 0)
  return this
}

function writeHead(this: AnyResponse, statusCode: number, reason?: string | HeadFields | null, fields?: HeadFields | null): unknown {
  const original = this[overridden] ?? pristine
  const exchange = exchangeOf(this)
  // What is written to a destroyed response goes nowhere, though the event that says so may not have come yet.
  if (exchange === undefined || isDestroyed(this)) {
    this[late] = true
    return original.call(this, statusCode, reason, fields)
  }
  const given = typeof reason === 'string' ? fields : (fields ?? reason)
  const status = wholeStatus(this, statusCode)
  // A head that the original refuses is not a commit: the listeners wait for the one that replaces it.
  if (exchange.awaitsHead && !this.headersSent && accepts(this, status, reason, given)) {
    merge(this, given)
    this.statusCode = status
    exchange.tellHead(new NodeHead(this))
    original.call(this, this.statusCode, typeof reason === 'string' && this.statusCode === status ? reason : undefined)
  } else {
    original.call(this, statusCode, reason, fields)
  }
  if (this.headersSent) exchange.commit(this.statusCode)
  if (exchange.lifecycle.options.guard !== false && this.headersSent) {
    contain(this, exchange, this[overridden] === undefined ? writePlainHead : writeHead)
  }
  return this
}

/** A status as it is sent: in whole numbers, and over HTTP/2 with 200 for none. */
export function wholeStatus(res: AnyResponse, status: number): number {
  return (status | 0) || ('stream' in res ? 200 : 0)
}

/** A stream of HTTP/2 tells at once, and takes no head after that. */
export function isDestroyed(res: AnyResponse): boolean {
  return !('stream' in res) && (res.destroyed || res.req.socket.destroyed)
}

/** Whether a head was written while it could still be sent: what `headersSent` says of a response that is not destroyed. */
export function wroteHead(res: AnyResponse): boolean {
  return res.headersSent && res[late] !== true
}

/** The head of a response while it may still be changed. */
export class NodeHead implements ResponseHead {
  protected readonly res: AnyResponse

  constructor(res: AnyResponse) {
    this.res = res
  }

  get status(): number {
    return this.res.statusCode
  }

  set status(status: number) {
    checkStatus(status)
    if (status === this.res.statusCode) return
    this.res.statusCode = status
    // The reason belonged to the status that was there before. HTTP/2 has none.
    if (!('stream' in this.res)) this.res.statusMessage = ''
  }

  getHeader(name: string): HeaderValue | undefined {
    return this.res.getHeader(name)
  }

  setHeader(name: string, value: HeaderValue): void {
    this.res.setHeader(name, value as string)
  }

  appendHeader(name: string, value: string | readonly string[]): void {
    this.res.appendHeader(name, value as string)
  }

  hasHeader(name: string): boolean {
    return this.res.hasHeader(name)
  }

  removeHeader(name: string): void {
    this.res.removeHeader(name)
  }

  getHeaderNames(): string[] {
    return this.res.getHeaderNames()
  }
}

/** Refused here, a status is the listener's error; refused by the response, it would be the handler's. */
export function checkStatus(status: number): void {
  if (!Number.isInteger(status) || status < 200 || status > 999) {
    throw new LifecycleError('ERR_LIFECYCLE_INVALID_ARGUMENT', `A head takes a status from 200 to 999, not ${String(status)}.`)
  }
}

/** Parses a head as it went over the wire. */
export function parseWireHead(head: unknown): HeaderFields {
  const [, ...lines] = String(head).trimEnd().split('\r\n')
  return joinFields(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
}

/** Makes one field of those that repeat: a list of `set-cookie`, a text of the others. Names are in lower case. */
export function joinFields(pairs: readonly (readonly [name: string, value: unknown])[]): HeaderFields {
  const fields = Object.create(null) as Record<string, string | readonly string[]>
  for (const [name, value] of pairs) {
    for (const each of [value].flat().map(String)) {
      const earlier = fields[name]
      if (name === 'set-cookie') fields[name] = Object.freeze([...(earlier ?? []), each])
      else fields[name] = earlier === undefined ? each : `${earlier as string}, ${each}`
    }
  }
  return fields
}
