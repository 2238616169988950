import { LifecycleError } from '@afterword/lifecycle-core'

const mark = Symbol.for('afterword.afterwards')

/** Whether any middleware of this process is marked, whichever copy of the package did it. */
const shared = globalThis as { [mark]?: true }

/**
 * Marks middleware that the guard does not stop: it runs in its place in the chain, whether the response is claimed by
 * then or not. Returns the same function.
 *
 * @typeParam Middleware its type, which stays what it is
 * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_ARGUMENT`
 *
 * @example
 * ```ts
 * app.use(afterwards((req, res, next) => {
 *   audit(req.method, req.url, res.statusCode)
 *   next()
 * }))
 * ```
 */
export function afterwards<Middleware extends (...args: never[]) => unknown>(middleware: Middleware): Middleware {
  if (typeof middleware !== 'function') {
    throw new LifecycleError('ERR_LIFECYCLE_INVALID_ARGUMENT', 'afterwards() takes a middleware function.')
  }
  shared[mark] = true
  return exempt(middleware)
}

/** Marks middleware that is not looked for when a chain stops. */
export function exempt<Middleware extends object>(middleware: Middleware): Middleware {
  ;(middleware as { [mark]?: true })[mark] = true
  return middleware
}

/** Whether a function is marked. */
export function isAfterwards(middleware: object): boolean {
  return (middleware as { [mark]?: true })[mark] === true
}

/** Whether a chain that stops may have marked middleware further on. */
export function hasAfterwards(): boolean {
  return shared[mark] === true
}
