import { AsyncResource } from 'node:async_hooks'
import { LifecycleError } from './errors.js'
import type { ServerExchange } from './server-exchange.js'
import { Stand, type TaskKey } from './lane.js'
import { isSuccess, type Outcome } from './outcome.js'
import type { Member, Registry } from './registry.js'
import { heeds, isThenable, settle } from './sink.js'
import { Terms } from './terms.js'

/** Where a task is. All but the first two are final, though a task that timed out or was cancelled may still run. */
export type TaskState = 'queued' | 'running' | 'completed' | 'failed' | 'timed-out' | 'cancelled' | 'refused'

/** What a task gets besides the outcome. */
export interface TaskContext {
  /**
   * Aborts when the task times out, when it is cancelled, or when the drain reaches its soft deadline;
   * `signal.reason.code` says which. It does not abort because the client left. Created on first read.
   */
  readonly signal: AbortSignal
  /** The name it was scheduled with, or that of its function. */
  readonly name: string
  /** The id of the exchange that scheduled the task. */
  readonly exchangeId: string
}

/** Work to do after the response. Called with the outcome; what it throws or rejects with goes to the sink. */
export type TaskFunction = (outcome: Outcome, context: TaskContext) => unknown

/** Which outcomes a task wants. `success` = finished, status below 400, and the handler did not throw. */
export type TaskCondition = 'finished' | 'aborted' | 'success' | ((outcome: Outcome) => boolean)

/** Options of one task. */
export interface TaskOptions {
  /** Shown in faults and in the drain report. Default: the function's name. */
  name?: string
  /**
   * Narrows the outcomes on which the task runs; it is cancelled on the others. Default: it runs on every outcome.
   * A function is called synchronously, in the task's async context; one that throws fails the task.
   */
  when?: TaskCondition
  /** Ms after which it counts as timed out. Default: the application's `taskTimeout`. Precision: `tickMs`. */
  timeout?: number
  /** The task as JSON can hold it. A drain that cannot finish the task gives it to `onAbandoned`, to be kept elsewhere. */
  descriptor?: unknown
  /**
   * Tasks that share a key run one after another, in the order in which their exchanges ended. One that timed out or was
   * cancelled while it ran holds the key until it settles. Default: none. Not for promises, which run already.
   */
  key?: TaskKey
  /**
   * Whether the task runs in the async context in which it was scheduled. Default: the application's `context`.
   */
  context?: boolean
}

/** Options of a promise: it runs already, so nothing can say when it starts. */
export type PromiseOptions = Pick<TaskOptions, 'name' | 'timeout' | 'descriptor'>

/** What `after` returns. Costs nothing unless it is used. */
export interface TaskHandle {
  /** The name it was scheduled with, or that of its function. */
  readonly name: string
  /** Where it is. */
  readonly state: TaskState
  /** Takes a queued task out of the queue, or aborts the signal of a running one. Later calls do nothing. */
  cancel(reason?: unknown): void
  /** Resolves with the final state; never rejects. */
  readonly done: Promise<TaskState>
}

/** One task: its own handle, and its own context. */
export class Task implements TaskHandle, TaskContext, Member<Task> {
  previous: Task | undefined = undefined
  following: Task | undefined = undefined
  state: TaskState = 'queued'
  /** When it came to where it is, in ms on the monotonic clock; 0 until its exchange has ended. */
  since = 0
  /** Where it is; `undefined` until it was accepted. */
  list: Registry<Task> | undefined = undefined
  /** Whether its function was called where no async context tells how deep it is. */
  marksDepth = false
  /** Whether it takes one of the places that `concurrency` limits. */
  place: 'none' | 'taken' | 'none needed' = 'none'
  /** Where it stands among the tasks that share its key. */
  readonly stand: Stand | undefined
  readonly exchange: ServerExchange
  /** How many tasks stand between it and the handler. */
  readonly depth: number
  /** `undefined` for a task that was given as a promise. */
  readonly run: TaskFunction | undefined
  private readonly terms: Terms
  private readonly resource: AsyncResource | undefined
  private controller: AbortController | undefined = undefined
  private settling: PromiseWithResolver | undefined = undefined

  constructor(exchange: ServerExchange, run: TaskFunction | undefined, depth: number, options: TaskOptions | undefined) {
    this.exchange = exchange
    this.run = run
    this.depth = depth
    this.terms = options === undefined ? exchange.lifecycle.scheduler.plainTerms : new Terms(options, exchange.lifecycle.options.taskTimeout)
    this.stand = options?.key === undefined ? undefined : new Stand(this, options.key)
    // Manual destroy: without it Node registers every resource with the garbage collector, which costs ten times more.
    this.resource =
      run !== undefined && (options?.context ?? exchange.lifecycle.options.context)
        ? new AsyncResource('AFTERWORD_TASK', { requireManualDestroy: true })
        : undefined
  }

  /** Asked for when something goes wrong: the name of a function is an accessor, and not a cheap one. */
  get name(): string {
    return this.terms.name ?? nameOf(this.run)
  }

  /** Ms after which it counts as timed out. */
  get timeout(): number {
    return this.terms.timeout
  }

  /** What `onAbandoned` gets of it. */
  get descriptor(): unknown {
    return this.terms.descriptor
  }

  get exchangeId(): string {
    return this.exchange.id
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController()
      const { hurry } = this.exchange.lifecycle
      if (hurry !== undefined) this.controller.abort(hurry)
    }
    return this.controller.signal
  }

  get done(): Promise<TaskState> {
    if (this.settling === undefined) {
      let resolve!: (state: TaskState) => void
      const promise = new Promise<TaskState>((fulfil) => (resolve = fulfil))
      this.settling = { promise, resolve }
      if (this.isFinal) resolve(this.state)
    }
    return this.settling.promise
  }

  /** Whether it runs in the async context in which it was scheduled. */
  get hasContext(): boolean {
    return this.resource !== undefined
  }

  /** Whether the state can no longer change. */
  get isFinal(): boolean {
    return this.state !== 'queued' && this.state !== 'running'
  }

  cancel(reason?: unknown): void {
    if (this.isFinal) return
    const message = 'cancel() was called on the handle of this task.'
    this.exchange.lifecycle.scheduler.cancel(
      this,
      new LifecycleError('ERR_LIFECYCLE_TASK_CANCELLED', message, { cause: reason }),
    )
  }

  /** Reaches a final state. */
  conclude(state: TaskState): void {
    this.state = state
    this.settling?.resolve(state)
  }

  wants(outcome: Outcome): boolean {
    const { when } = this.terms
    if (when === undefined) return true
    if (typeof when === 'function') return this.inContext(() => isWanted(when(outcome)))
    return when === 'success' ? isSuccess(outcome) : when === outcome.kind
  }

  /** Aborts the signal; a signal that is read later is aborted from the start. */
  abort(reason: LifecycleError): void {
    this.controller ??= new AbortController()
    this.controller.abort(reason)
  }

  /** Reports a fault of the task, in its own async context, where the sink finds what the request's code would. */
  report(error: unknown): void {
    this.inContext(() => this.exchange.report(error, 'task', this.name))
  }

  /** Whether an error only says that the task heeded its signal. */
  heeded(error: unknown): boolean {
    return heeds(error, this.controller?.signal)
  }

  /** Calls a function in the async context in which the task was scheduled. */
  inContext<T>(call: (task: Task) => T): T {
    return this.resource === undefined ? call(this) : this.resource.runInAsyncScope(call, undefined, this)
  }
}

/** A function may have anything for a name. */
function nameOf(run: TaskFunction | undefined): string {
  const name: unknown = run?.name
  return typeof name === 'string' && name !== '' ? name : 'task'
}

/** An async condition would always hold, because a promise is truthy. */
function isWanted(answer: unknown): boolean {
  if (!isThenable(answer)) return Boolean(answer)
  settle(answer, undefined, () => {})
  const message = 'The condition `when` returned a promise. Make it synchronous, or decide inside the task.'
  throw new LifecycleError('ERR_LIFECYCLE_ASYNC_LISTENER', message)
}

interface PromiseWithResolver {
  readonly promise: Promise<TaskState>
  readonly resolve: (state: TaskState) => void
}
