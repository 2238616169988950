import type { ServerResponse } from 'node:http'
import type { AnyResponse } from './head.js'
import { holdOf } from './hold.js'

/** Whether a value can be shown to payload hooks: what is sent piece by piece cannot. */
export function isPayload(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  const { pipe, getReader, then } = value as Record<string, unknown>
  const isStream = typeof pipe === 'function' || typeof getReader === 'function' || Object.prototype.toString.call(value) === '[object Response]'
  return !isStream && typeof then !== 'function' && !(value instanceof Error)
}

/** Puts itself before the methods with which handlers reply with a value. */
export function watchPayload(res: object, owner: object, names: readonly string[]): void {
  const methods = owner as Record<string, (...args: unknown[]) => unknown>
  for (const name of names) {
    const method = methods[name] as (...args: unknown[]) => unknown
    methods[name] = (...args) => {
      // Express 4 takes a status as well, on either side.
      const index = args.length > 1 && typeof args[0] === 'number' ? 1 : 0
      const send = (payload: unknown): unknown => method.apply(owner, Object.assign([...args], { [index]: payload }))
      return holdOf(res)?.show(args[index], send, owner) ?? send(args[index])
    }
  }
}

/**
 * Replies with a value, where no framework does that: bytes and text as they are, anything else as JSON, with
 * `content-type`, unless there is one, and `content-length`. The status is `res.statusCode`.
 *
 * @example
 * ```ts
 * createServer(lifecycle.listener((req, res) => {
 *   onPayload((payload) => ({ ...Object(payload), secret: undefined }))
 *   reply(res, { name: 'Ada', secret: 42 })
 * }))
 * ```
 */
export function reply(res: AnyResponse, payload?: unknown): void {
  const send = (value: unknown): true => {
    write(res, value)
    return true
  }
  const hold = holdOf(res)
  if (hold === undefined) send(payload)
  else hold.show(payload, send, true)
}

function write(res: AnyResponse, payload: unknown): void {
  const isBare = res.statusCode === 204 || res.statusCode === 304 || payload === undefined || payload === null
  const [type, body] = isBare ? ['', ''] : serialize(payload)
  if (type !== '' && !res.hasHeader('content-type')) res.setHeader('content-type', type)
  if (res.statusCode !== 204 && res.statusCode !== 304) res.setHeader('content-length', Buffer.byteLength(body))
  ;(res as ServerResponse).end(res.req.method === 'HEAD' ? undefined : body)
}

function serialize(payload: unknown): readonly [type: string, body: string | Uint8Array] {
  if (typeof payload === 'string') return ['text/plain; charset=utf-8', payload]
  if (payload instanceof Uint8Array) return ['application/octet-stream', payload]
  return ['application/json; charset=utf-8', JSON.stringify(payload) ?? 'null']
}
