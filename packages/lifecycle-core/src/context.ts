import { AsyncLocalStorage } from 'node:async_hooks'
import { LifecycleError } from './errors.js'
import type { CommitListener, Exchange } from './exchange.js'
import type { ServerExchange } from './server-exchange.js'
import type { CaptureOptions } from './capture.js'
import type { CommitHook, PayloadHook } from './hooks.js'
import type { PromiseOptions, Task, TaskFunction, TaskHandle, TaskOptions } from './task.js'

const key = Symbol.for('afterword.context')
const shared = globalThis as { [key]?: AsyncLocalStorage<ServerExchange | Task> }

/** One per process: the ESM and the CommonJS copy of the package must see the same exchange. */
export const storage = (shared[key] ??= new AsyncLocalStorage<ServerExchange | Task>())

/** The task that the caller is part of, if it is part of one. */
export function currentTask(): Task | undefined {
  const store = storage.getStore()
  return store !== undefined && 'exchange' in store ? store : undefined
}

/**
 * Returns the exchange of the request that the caller works for, or `undefined` outside of one.
 *
 * @example
 * ```ts
 * logger.info({ exchange: current()?.id }, 'order placed')
 * ```
 */
export function current(): Exchange | undefined {
  const store = storage.getStore()
  return store !== undefined && 'exchange' in store ? store.exchange : store
}

/**
 * Schedules work for after the response of the current request: a function, which starts once the exchange has ended,
 * or a promise, which the drain then waits for. It runs on every outcome unless `when` narrows it.
 *
 * @throws {LifecycleError} `ERR_LIFECYCLE_NO_EXCHANGE` outside a request; `ERR_LIFECYCLE_INVALID_ARGUMENT` for anything
 * but a function or a promise; `ERR_LIFECYCLE_INVALID_OPTION` and `ERR_LIFECYCLE_UNKNOWN_OPTION` for wrong options.
 *
 * @example
 * ```ts
 * app.post('/orders', async (req, res) => {
 *   const order = await place(req.body)
 *   after((outcome, { signal }) => sendReceipt(order, { signal }), { when: 'success' })
 *   res.status(201).json(order)
 * })
 * ```
 */
export function after(task: TaskFunction | PromiseLike<unknown>, options?: TaskOptions): TaskHandle {
  return required('after').after(task, options)
}

/**
 * Makes the drain wait for a promise, and sends its rejection to the sink: the familiar name of `after(promise)`.
 *
 * @throws {LifecycleError} `ERR_LIFECYCLE_NO_EXCHANGE` outside a request; `ERR_LIFECYCLE_INVALID_ARGUMENT` for anything
 * but a promise; `ERR_LIFECYCLE_INVALID_OPTION` and `ERR_LIFECYCLE_UNKNOWN_OPTION` for wrong options.
 *
 * @example
 * ```ts
 * waitUntil(cache.refresh(key))
 * ```
 */
export function waitUntil(promise: PromiseLike<unknown>, options?: PromiseOptions): TaskHandle {
  return required('waitUntil').waitUntil(promise, options)
}

/**
 * Calls a listener just before the head of the current response is written, the last registered first. It is
 * synchronous and may change the status and the header fields.
 *
 * @throws {LifecycleError} `ERR_LIFECYCLE_NO_EXCHANGE` outside a request; `ERR_LIFECYCLE_COMMITTED` when the head was
 * written; `ERR_LIFECYCLE_INVALID_ARGUMENT` for anything but a function.
 *
 * @example
 * ```ts
 * onCommit((head) => head.setHeader('server-timing', timings()))
 * ```
 */
export function onCommit(listener: CommitListener): void {
  required('onCommit').onCommit(listener)
}

/**
 * Calls a hook before the head of the current response is written, and waits for it: the last registered first. It may
 * change the status and the header fields. If it throws or rejects, nothing is sent, and the framework's own error
 * handling gets the error.
 *
 * @throws {LifecycleError} `ERR_LIFECYCLE_NO_EXCHANGE` outside a request; `ERR_LIFECYCLE_COMMITTED` when the reply is on
 * its way; `ERR_LIFECYCLE_INVALID_ARGUMENT` for anything but a function; `ERR_LIFECYCLE_CANNOT_HOLD` on a server that
 * cannot hold a reply.
 *
 * @example
 * ```ts
 * beforeCommit(async (head) => {
 *   if (head.status < 400) await database.commit()
 * })
 * ```
 */
export function beforeCommit(hook: CommitHook): void {
  required('beforeCommit').beforeCommit(hook)
}

/**
 * Shows a hook what the handler of the current request replies with, before it is serialized: an object given to
 * `res.json`, a string given to `reply.send`, a value given to `reply`. The last registered is called first. What it
 * returns, or a promise of that, takes the place of the payload; `undefined` leaves it. Streams and files are not shown.
 *
 * @throws {LifecycleError} `ERR_LIFECYCLE_NO_EXCHANGE` outside a request; `ERR_LIFECYCLE_COMMITTED` when the reply is on
 * its way; `ERR_LIFECYCLE_INVALID_ARGUMENT` for anything but a function; `ERR_LIFECYCLE_CANNOT_HOLD` on a server that
 * cannot hold a reply.
 *
 * @example
 * ```ts
 * onPayload((payload) => ({ ...Object(payload), secret: undefined }))
 * ```
 */
export function onPayload(hook: PayloadHook): void {
  required('onPayload').onPayload(hook)
}

/**
 * Keeps the beginning of the body of the current response, for `outcome.body`.
 *
 * @throws {LifecycleError} `ERR_LIFECYCLE_NO_EXCHANGE` outside a request; `ERR_LIFECYCLE_COMMITTED` when the head was
 * written; `ERR_LIFECYCLE_INVALID_ARGUMENT`, `ERR_LIFECYCLE_INVALID_OPTION` and `ERR_LIFECYCLE_UNKNOWN_OPTION` for wrong
 * options.
 *
 * @example
 * ```ts
 * captureBody({ limit: 4096, types: ['application/json'] })
 * after(({ body }) => audit(body?.text()))
 * ```
 */
export function captureBody(options?: CaptureOptions): void {
  required('captureBody').captureBody(options)
}

/** @param otherwise what to call where the async context is lost */
export function required(caller: string, otherwise = `use req.exchange.${caller}()`): Exchange {
  const exchange = current()
  if (exchange === undefined) {
    throw new LifecycleError(
      'ERR_LIFECYCLE_NO_EXCHANGE',
      `${caller}() was called outside a request. Mount the lifecycle before the code that calls it, ` +
        `or ${otherwise} where the async context is lost or off.`,
    )
  }
  return exchange
}
