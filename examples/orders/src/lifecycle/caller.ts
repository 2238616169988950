import { current, type Exchange } from '@afterword/lifecycle-core'

/** Who asks. */
export type Caller = 'customer' | 'staff'

// A key that is gone takes its entry with it.
const callers = new WeakMap<Exchange, Caller>()

/** Notes who sends the current request. A real application knows it from a session or a token. */
export function recognise(headers: Readonly<Record<string, unknown>>): Caller {
  const caller = headers['x-role'] === 'staff' ? 'staff' : 'customer'
  const exchange = current()
  if (exchange !== undefined) callers.set(exchange, caller)
  return caller
}

/** Who sent a request; a customer, as long as nobody has said otherwise. */
export function callerOf(exchange: Exchange): Caller {
  return callers.get(exchange) ?? 'customer'
}
