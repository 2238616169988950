import type { CaptureOptions } from './capture.js'
import { LifecycleError } from './errors.js'
import type { Exchange } from './exchange.js'
import type { CommitHook, PayloadHook } from './hooks.js'
import type { Outcome } from './outcome.js'
import type { AbandonedTask } from './report.js'
import { type FaultLogger, isThenable, type OnError } from './sink.js'
import type { PromiseOptions, TaskFunction, TaskHandle, TaskOptions } from './task.js'

/**
 * What becomes of a task when `maxQueued` tasks are queued: it is refused (`refuse`); the oldest queued one is refused in its place
 * (`drop-oldest`); or it starts in the turn in which the end of its exchange is told, whatever `concurrency` says and without
 * a pause for I/O (`inline`), which slows down everything that could bring more.
 */
export type Overflow = 'refuse' | 'drop-oldest' | 'inline'

/** Options of one application. */
export interface LifecycleOptions {
  /** Receives every fault: an error with no caller left. Default: `logger`, or one structured line on stderr. */
  onError?: OnError
  /** Where faults are logged, at `error`. Instead of `onError`, not besides it. Default: the logger of the framework. */
  logger?: FaultLogger
  /** Receives the outcome of every exchange, in a later turn, before its tasks start. */
  onOutcome?: (outcome: Outcome, exchange: Exchange) => unknown
  /** Receives every task that was refused, besides the sink. */
  onRefused?: (task: TaskHandle, error: LifecycleError) => unknown
  /** Called before the head of every response is written, after the hooks of its exchange, and awaited. See `beforeCommit`. */
  beforeCommit?: CommitHook
  /** Called with what every handler replied with, before it is serialized, after the hooks of its exchange. See `onPayload`. */
  onPayload?: PayloadHook
  /** Captures the body of every response. See `captureBody`. Default: none is. */
  captureBody?: CaptureOptions
  /** Bytes of one reply that may wait while hooks run; a reply that grows beyond is refused. Default: 1 048 576 (1 MiB). */
  maxHeldBytes?: number
  /**
   * Receives every task with a `descriptor` that a drain could not finish, to be put somewhere durable. May be async; the
   * drain waits for it up to `handOverTimeout`.
   */
  onAbandoned?: (task: AbandonedTask) => unknown
  /**
   * Whether `after`, `onCommit` and `current` work as free functions, over AsyncLocalStorage. Default: true.
   * Everything else works without it, at less cost.
   */
  context?: boolean
  /**
   * Whether outcomes carry times; which costs three looks at the clock. Default: only where somebody is
   * told of every outcome, by `onOutcome` or a diagnostics channel, and with `exchangeTimeout`.
   */
  timings?: boolean
  /** Ms from receipt after which an exchange is aborted as `deadline`. Default: Infinity (never). */
  exchangeTimeout?: number
  /** Ms after which a task counts as timed out, unless it has a `timeout` of its own. Default: 30 000. */
  taskTimeout?: number
  /** How many tasks may run at a time. Default: 1 000. */
  concurrency?: number
  /** How many tasks may be queued, those included that wait for the end of their exchange. Default: 100 000. */
  maxQueued?: number
  /** What becomes of a task too many. Default: `refuse`. */
  overflow?: Overflow
  /** How deep tasks may schedule tasks. Default: 32. */
  maxDepth?: number
  /**
   * Whether handling stops once the response is claimed: later middleware does not run, and a second reply is contained
   * and reported, or, with `'strict'`, throws where it is made. Default: false.
   */
  guard?: boolean | 'strict'
  /**
   * Whether the guard notes where a response was claimed and who went on, which costs a stack trace per response.
   * Default: true, unless NODE_ENV is `production`.
   */
  callSites?: boolean
}

/** Those without a default of their own. */
type Optional = 'timings' | 'onError' | 'logger' | 'onOutcome' | 'onRefused' | 'onAbandoned' | 'beforeCommit' | 'onPayload' | 'captureBody'

/** Options with every default filled in. */
export type ResolvedOptions = Required<Omit<LifecycleOptions, Optional>> &
  Pick<LifecycleOptions, Optional>

const defaults = {
  maxHeldBytes: 2 ** 20,
  context: true,
  exchangeTimeout: Infinity,
  taskTimeout: 30_000,
  concurrency: 1000,
  maxQueued: 100_000,
  overflow: 'refuse',
  maxDepth: 32,
  guard: false as boolean | 'strict',
} satisfies LifecycleOptions

/** What an option must be: a test, and the words for it. */
export type Requirement = readonly [holds: (value: unknown) => boolean, words: string]

/** The requirements of one set of options, by name. */
export type Requirements = Readonly<Record<string, Requirement>>

const isFunction: Requirement = [(value) => typeof value === 'function', 'a function']
const isString: Requirement = [(value) => typeof value === 'string', 'a string']
const isBoolean: Requirement = [(value) => typeof value === 'boolean', 'true or false']
const isCount: Requirement = [(value) => value === Infinity || (Number.isInteger(value) && Number(value) > 0), 'a whole number above 0']
/** A length of time. */
export const isMs: Requirement = [(value) => typeof value === 'number' && value > 0, 'a number of ms above 0']

const lifecycleRequirements: Requirements = {
  onError: isFunction,
  logger: [(value) => typeof (value as FaultLogger | null)?.error === 'function', 'a logger with a method error(object, message)'],
  onOutcome: isFunction,
  onRefused: isFunction,
  beforeCommit: isFunction,
  onPayload: isFunction,
  captureBody: [(value) => typeof value === 'object' && value !== null, 'an object'],
  maxHeldBytes: isCount,
  onAbandoned: isFunction,
  context: isBoolean,
  timings: isBoolean,
  exchangeTimeout: isMs,
  taskTimeout: isMs,
  concurrency: isCount,
  maxQueued: isCount,
  overflow: [(value) => value === 'refuse' || value === 'drop-oldest' || value === 'inline', "'refuse', 'drop-oldest' or 'inline'"],
  maxDepth: isCount,
  guard: [(value) => typeof value === 'boolean' || value === 'strict', "true, false or 'strict'"],
  callSites: isBoolean,
}

const taskRequirements: Requirements = {
  name: isString,
  when: [
    (value) => typeof value === 'function' || value === 'finished' || value === 'aborted' || value === 'success',
    "'finished', 'aborted', 'success' or a function",
  ],
  timeout: isMs,
  descriptor: [isJson, 'what JSON can hold: plain objects, lists, text, finite numbers, true, false and null'],
  key: [isKey, 'a string, a number, a bigint or a symbol'],
  context: isBoolean,
}

const isTooLate: Requirement = [() => false, 'left out for a promise, which runs already (after() also takes a function)']
const promiseRequirements: Requirements = { ...taskRequirements, when: isTooLate, key: isTooLate, context: isTooLate }

/** Objects are no keys: two that look alike are not the same, so that nothing would be in order. */
function isKey(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'bigint' || typeof value === 'symbol' || (typeof value === 'number' && !Number.isNaN(value))
}

const captureRequirements: Requirements = {
  limit: isCount,
  types: [(value) => Array.isArray(value) && value.every((type) => typeof type === 'string'), 'a list of media types'],
}

/** Checks the options of an application and fills in the defaults. */
export function resolveOptions(options: LifecycleOptions = {}): ResolvedOptions {
  check('createLifecycle', options, lifecycleRequirements)
  if (options.onError !== undefined && options.logger !== undefined) {
    const message = 'createLifecycle({ onError, logger }): a fault goes to one place. Log in onError, or leave it out.'
    throw new LifecycleError('ERR_LIFECYCLE_INVALID_OPTION', message)
  }
  if (options.captureBody !== undefined) checkCaptureOptions(options.captureBody)
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...defaults, callSites: process.env['NODE_ENV'] !== 'production', ...Object.fromEntries(given) }
}

/** Checks the options of a capture. */
export function checkCaptureOptions(options: CaptureOptions): void {
  check('captureBody', options, captureRequirements)
}

/** Checks the options of a task. */
export function checkTaskOptions(options: TaskOptions): void {
  check('after', options, taskRequirements)
}

/** Checks the options of a promise: nothing can say any more when it starts. */
export function checkPromiseOptions(caller: string, options: PromiseOptions): void {
  check(caller, options, promiseRequirements)
}

/** Checks options by name and type; `undefined` stands for an option that is absent. */
export function check(caller: string, options: object, requirements: Requirements): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new LifecycleError('ERR_LIFECYCLE_INVALID_ARGUMENT', `${caller}() takes its options as an object, not ${show(options)}.`)
  }
  for (const [name, value] of Object.entries(options)) {
    const requirement = Object.hasOwn(requirements, name) ? requirements[name] : undefined
    if (requirement === undefined) {
      const known = Object.keys(requirements).join(', ')
      throw new LifecycleError('ERR_LIFECYCLE_UNKNOWN_OPTION', `${caller}() has no option ${name}. It has: ${known}.`)
    }
    if (value !== undefined && !requirement[0](value)) {
      throw new LifecycleError('ERR_LIFECYCLE_INVALID_OPTION', `${caller}({ ${name} }) must be ${requirement[1]}, not ${show(value)}.`)
    }
  }
}

/** Checks that a listener is one. */
export function assertFunction(caller: string, value: unknown): void {
  if (typeof value === 'function') return
  throw new LifecycleError('ERR_LIFECYCLE_INVALID_ARGUMENT', `${caller}() takes a function, not ${show(value)}.`)
}

/** Checks that work can be scheduled. */
export function assertTask(value: TaskFunction | PromiseLike<unknown>): void {
  if (typeof value === 'function' || isThenable(value)) return
  throw new LifecycleError('ERR_LIFECYCLE_INVALID_ARGUMENT', `after() takes a function or a promise, not ${show(value)}.`)
}

/** Whether JSON gives back what it is given, so that nothing is lost on the way. */
function isJson(value: unknown, path: readonly unknown[] = []): boolean {
  if (typeof value !== 'object' || value === null) {
    return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
  }
  const prototype = Object.getPrototypeOf(value) as unknown
  if (path.includes(value) || !(Array.isArray(value) || prototype === Object.prototype || prototype === null)) return false
  // In a list JSON makes null of it; elsewhere it leaves it out.
  if (Array.isArray(value)) return [...value].every((each) => isJson(each, [...path, value]))
  return Object.values(value).every((each) => each === undefined || isJson(each, [...path, value]))
}

/** Checks that something can be waited for. */
export function assertPromise(value: PromiseLike<unknown>): void {
  if (isThenable(value)) return
  throw new LifecycleError('ERR_LIFECYCLE_INVALID_ARGUMENT', `waitUntil() takes a promise, not ${show(value)}. Pass a function to after().`)
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
