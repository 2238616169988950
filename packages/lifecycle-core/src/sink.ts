import { channels } from './channels.js'
import type { Outcome } from './outcome.js'
import type { Phase } from './phase.js'

/** What an error came out of. */
export type FaultSource = 'handler' | 'commit-hook' | 'commit-listener' | 'task' | 'hook' | 'subscriber'

/** Where an error with no caller left came from. */
export interface Fault {
  /** What the error came out of. */
  readonly source: FaultSource
  /** Where the exchange was when the error arrived. */
  readonly phase: Phase
  /** The id of the exchange it belongs to. */
  readonly exchangeId: string
  /** The task's name, for the source `task`. */
  readonly task: string | null
  /** How the exchange ended, or `null` when it had not. */
  readonly outcome: Outcome | null
  /** The route pattern, when the framework knows one. */
  readonly route: string | null
}

/** Receives every fault. May be async. What it throws goes to stderr, together with the fault. */
export type OnError = (error: unknown, fault: Fault) => unknown

/** A logger as pino shapes it. May be async. */
export interface FaultLogger {
  /**
   * Logs one fault.
   *
   * @param fields the error as `err`, and the fault with the kind of its outcome
   */
  error(fields: object, message: string): unknown
}

/** The one place where errors go that nobody can be told of any more. Reporting never throws. */
export class Sink {
  private readonly onError: OnError | undefined
  private readonly logger: FaultLogger | undefined

  constructor(onError?: OnError, logger?: FaultLogger) {
    this.onError = onError
    this.logger = logger
  }

  /** @param logger the framework's, for an application that names neither a function nor a logger */
  report(error: unknown, fault: Fault, logger?: FaultLogger): void {
    try {
      if (channels.fault.hasSubscribers) channels.fault.publish({ error, fault })
      const { onError = lineTo(this.logger ?? logger) } = this
      const result = onError(error, fault)
      if (isThenable(result)) settle(result, undefined, (sinkError) => writeLast(sinkError, error))
    } catch (sinkError) {
      writeLast(sinkError, error)
    }
  }
}

/** Whether a value is a promise, or looks like one. A hostile `then` getter may throw. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

/** Attaches handlers to a thenable of any quality: one that throws in `then`, or settles twice, behaves like a promise. */
export function settle<T>(
  thenable: PromiseLike<T>,
  onFulfilled: ((value: T) => void) | undefined,
  onRejected: (error: unknown) => void,
): void {
  const promise: Promise<T> = thenable instanceof Promise ? thenable : new Promise((resolve) => resolve(thenable))
  // Not `promise.then`, which an own property may shadow.
  void Promise.prototype.then.call(promise, onFulfilled, onRejected)
}

/** Whether an error only says that a signal was heeded: it is the signal's reason, or was caused by it. */
export function heeds(error: unknown, signal: AbortSignal | undefined): boolean {
  if (signal?.aborted !== true) return false
  try {
    return error === signal.reason || (error as Error).cause === signal.reason
  } catch {
    return false
  }
}

/** Whether an error is what a closed response leaves behind: in a stream that was piped to it, or where a signal was passed on. */
export function saysClosed(error: unknown, hasSignal: boolean): boolean {
  try {
    const { code, name, cause } = error as NodeJS.ErrnoException & { cause?: unknown }
    return code === 'ERR_STREAM_PREMATURE_CLOSE' || (hasSignal && name === 'AbortError' && cause === undefined)
  } catch {
    return false
  }
}

/** The default: one structured line, by a logger or on stderr. */
function lineTo(logger: FaultLogger | undefined): OnError {
  return (error, { outcome, ...rest }) => {
    const fault = { ...rest, outcome: outcome?.kind }
    if (logger !== undefined) return logger.error({ err: error, ...fault }, message)
    return console.error(JSON.stringify({ level: 'error', msg: message, ...fault, error: describe(error) }))
  }
}

const message = 'afterword fault'

function writeLast(sinkError: unknown, error: unknown): void {
  try {
    console.error(
      JSON.stringify({ level: 'error', msg: 'afterword sink failed', sinkError: describe(sinkError), error: describe(error) }),
    )
  } catch {
    // Even `console` may be replaced. There is nobody left to tell.
  }
}

/** Text for anything that can be thrown, including what throws when it is looked at. */
function describe(error: unknown): string {
  try {
    return error instanceof Error ? String(error.stack ?? error) : String(error)
  } catch {
    return 'an error that cannot be printed'
  }
}
