/** Every code this library throws, reports or puts into a signal's reason, with what it means. A closed list. */
export const errorCodes = {
  ERR_LIFECYCLE_NO_EXCHANGE: 'An ambient function was called outside a request, or with `context: false`.',
  ERR_LIFECYCLE_COMMITTED: 'The head was already written, so it can no longer be changed.',
  ERR_LIFECYCLE_HELD_TOO_LARGE: 'More than `maxHeldBytes` was written while hooks were running, so the reply was refused.',
  ERR_LIFECYCLE_CANNOT_HOLD: 'The server has no way to hold a reply, so it has no `beforeCommit` hooks.',
  ERR_LIFECYCLE_BODY_RELEASED: 'A captured body was read when its exchange had drained.',
  ERR_LIFECYCLE_INVALID_ARGUMENT: 'An argument has the wrong type.',
  ERR_LIFECYCLE_INVALID_OPTION: 'An option has the wrong type or range.',
  ERR_LIFECYCLE_UNKNOWN_OPTION: 'An option has a name that does not exist.',
  ERR_LIFECYCLE_ASYNC_LISTENER: 'A listener that must be synchronous returned a promise.',
  ERR_LIFECYCLE_TRANSACTION_OVER: 'The transaction was asked for when it had ended, or the head was written.',
  ERR_LIFECYCLE_TRANSACTION_IN_USE: 'The reply waited for `run()`, which went on for longer than the grace; the transaction was rolled back.',
  ERR_LIFECYCLE_SEALED: 'A task was scheduled after the drain was sealed; it was refused.',
  ERR_LIFECYCLE_TASK_DEPTH: 'Tasks scheduled tasks beyond `maxDepth`; the last one was refused.',
  ERR_LIFECYCLE_QUEUE_FULL: 'As many tasks as `maxQueued` allows were queued; one was refused.',
  ERR_LIFECYCLE_TASK_TIMEOUT: 'A task ran longer than its timeout.',
  ERR_LIFECYCLE_TASK_CANCELLED: 'A task was cancelled through its handle.',
  ERR_LIFECYCLE_DRAINING: 'The drain reached its deadline.',
  ERR_LIFECYCLE_CLIENT_LEFT: 'The client left before the response had ended.',
  ERR_LIFECYCLE_DEADLINE: 'The exchange did not end within `exchangeTimeout`.',
  ERR_LIFECYCLE_DOUBLE_REPLY: 'A response that had been claimed was replied to once more; the first reply stands.',
  ERR_LIFECYCLE_ABORTED: 'The exchange was aborted on this side: by the server, a timeout or a broken request.',
} as const

/** One of the codes in {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes

const brand = Symbol.for('afterword.error')

/**
 * An error with a stable `code`. `instanceof` holds across the ESM and the CommonJS copy of the package.
 *
 * @example
 * ```ts
 * try {
 *   after(sendMail)
 * } catch (error) {
 *   if (error instanceof LifecycleError && error.code === 'ERR_LIFECYCLE_NO_EXCHANGE') sendMail()
 *   else throw error
 * }
 * ```
 */
export class LifecycleError extends Error {
  /** Always `LifecycleError`. */
  override readonly name = 'LifecycleError'
  /** Which error this is. */
  readonly code: ErrorCode

  /**
   * Makes one; the code is put behind the message.
   *
   * @param message what was called, and what to do about it
   */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(`${message} [${code}]`, options)
    this.code = code
    Object.defineProperty(this, brand, { value: true })
  }

  /** Knows the errors of every copy of the package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }
}
