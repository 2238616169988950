/** Deep enough to reach the application through a framework. */
const depth = 40

/** A function whose own frame, and those above it, are left out. */
export type Below = (...args: never[]) => unknown

/** Gives an error the stack of whoever called a function. */
export function traceTo<E extends Error>(error: E, below: Below): E {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = depth
  Error.captureStackTrace(error, below)
  Error.stackTraceLimit = stackTraceLimit
  return error
}

/** Makes an error that says by its stack who called a function. It is formatted when somebody reads it. */
export function callSite(message: string, below: Below): Error {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  const error = new Error(message)
  Error.stackTraceLimit = stackTraceLimit
  return traceTo(error, below)
}

/** The place in the application that a stack leads to, as `file:line:column`, or `null` if it leads to none. */
export function placeOf(error: Error | undefined): string | null {
  const places = String(error?.stack ?? '').split('\n').flatMap((line) => /(?:\(|\bat (?:async )?)([^()]+:\d+:\d+)\)?$/.exec(line)?.[1] ?? [])
  const known = places.filter((place) => !place.startsWith('node:'))
  return known.find((place) => !place.includes('node_modules')) ?? known[0] ?? null
}
