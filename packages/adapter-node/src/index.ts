import type { LifecycleOptions } from '@afterword/lifecycle-core'
import { NodeLifecycle } from './lifecycle.js'

export * from '@afterword/lifecycle-core'
export { afterwards } from './afterwards.js'
export { compose, type ErrorMiddleware, type Middleware, type Next } from './compose.js'
export { reply } from './payload.js'
export type { NodeServer, UpgradedPolicy } from './host.js'
export { type DrainOptions, type ListenerOptions, NodeLifecycle, type NodeRequest, type NodeResponse } from './lifecycle.js'

/**
 * Makes the lifecycle of one application on `node:http`, `node:https` or `node:http2`.
 *
 * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_OPTION`, `ERR_LIFECYCLE_UNKNOWN_OPTION`
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { after, createLifecycle } from '@afterword/adapter-node'
 *
 * const lifecycle = createLifecycle()
 * const server = createServer(lifecycle.listener((req, res) => {
 *   after(({ kind, status }) => console.log(kind, status))
 *   res.end('hello')
 * }))
 * server.listen(3000)
 * process.once('SIGTERM', () => lifecycle.drain({ server }))
 * ```
 */
export function createLifecycle(options?: LifecycleOptions): NodeLifecycle {
  return new NodeLifecycle(options)
}
