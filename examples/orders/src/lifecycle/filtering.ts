import type { PayloadHook } from '@afterword/lifecycle-core'
import { callerOf } from './caller.js'

const internal = new Set(['cost', 'margin'])

/**
 * Takes out of every reply what only staff may see, whatever the handler has put in. It sees the payload before it is
 * JSON, so `content-length` and `etag` are those of what is sent.
 */
export const hideInternals: PayloadHook = (payload, _head, exchange) => (callerOf(exchange) === 'staff' ? payload : without(payload))

function without(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(without)
  // Bytes, for one, are sent as they are.
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const kept = Object.entries(value).filter(([name]) => !internal.has(name))
  return Object.fromEntries(kept.map(([name, each]) => [name, without(each)]))
}
