import type { AbortPosition, AbortReason, Binding, Gate, Hold, ResponseHead, Signals } from './binding.js'
import { abortError } from './abort.js'
import { channels } from './channels.js'
import { currentTask, storage } from './context.js'
import { LifecycleError } from './errors.js'
import { Capture, type CaptureOptions } from './capture.js'
import { Ending } from './ending.js'
import type { CommitListener, Exchange } from './exchange.js'
import { Extensions } from './extensions.js'
import { type CommitHook, Hooks, type PayloadHook, tooLate } from './hooks.js'
import type { Lifecycle } from './lifecycle.js'
import type { Mount } from './mount.js'
import { assertFunction, assertPromise, assertTask, checkCaptureOptions, checkPromiseOptions, checkTaskOptions } from './options.js'
import { LazyOutcome, type Outcome } from './outcome.js'
import { type Participant, Participants } from './participants.js'
import { type Phase, type Place, start } from './phase.js'
import type { Member } from './registry.js'
import { type FaultLogger, type FaultSource, heeds, saysClosed } from './sink.js'
import type { PromiseOptions, Task, TaskFunction, TaskHandle, TaskOptions } from './task.js'
import { TaskBook } from './task-book.js'

const idPrefix = `${process.pid.toString(36)}${Date.now().toString(36)}`
let sequence = 0

/** When an exchange reached what, in ms on the monotonic clock. */
interface Times {
  readonly receivedAt: number
  committedAt: number | null
  endedAt: number | null
}

/** An exchange as its server sees it: it takes the binding's signals itself, so nothing is allocated per signal. */
export class ServerExchange implements Exchange, Signals, Member<ServerExchange> {
  /** Its neighbour in the registry. */
  previous: ServerExchange | undefined = undefined
  /** Its neighbour in the registry. */
  following: ServerExchange | undefined = undefined
  /** Changes only as the phase table says. */
  private place: Place = start
  private knownRoute: string | null = null
  /** What the binding keeps. Let go of at the end. */
  kept: unknown = undefined
  /** What the adapter needs to reach the framework's own error handling. Let go of at the end. */
  owner: unknown = undefined
  /** The method of the request. */
  readonly method: string
  /** As the client sent it. */
  readonly url: string
  /** On the monotonic clock, in ms; `undefined` when nobody asked for timings. */
  private readonly times: Times | undefined
  private readonly sequence = ++sequence
  private readonly mount: Mount
  /** Let go of at the end. */
  response: object | undefined
  private status: number | null = null
  /** What the handler returned, where the adapter calls it and it is a promise. */
  handling: PromiseLike<unknown> | undefined = undefined
  /** What most exchanges do without. */
  private extensions: Extensions | undefined = undefined
  /** Its tasks, once it has had one. */
  tasks: TaskBook | undefined = undefined
  /** Since it is over. */
  private ending: Ending | undefined = undefined

  /** Use `Lifecycle.begin`, which also counts it. */
  constructor(mount: Mount, response: object, method: string, url: string) {
    const { lifecycle } = mount
    this.mount = mount
    this.response = response
    this.method = method
    this.url = url
    this.times = lifecycle.isTimed ? { receivedAt: lifecycle.now(), committedAt: null, endedAt: null } : undefined
  }

  /** The application it belongs to. */
  get lifecycle(): Lifecycle {
    return this.mount.lifecycle
  }

  private get binding(): Binding {
    return this.mount.binding
  }

  /** Where it is. */
  get phase(): Phase {
    return this.place.phase
  }

  /** Whether the head can still be changed. */
  get isOpen(): boolean {
    return this.place.isOpen
  }

  /** Whether it is over, one way or the other. */
  get hasEnded(): boolean {
    return this.place.hasEnded
  }

  get id(): string {
    return `${idPrefix}-${this.sequence.toString(36)}`
  }

  get outcome(): Outcome {
    const { ending } = this
    if (ending !== undefined && ending.outcome === undefined && this.participants?.committing === undefined) {
      ending.outcome = this.concludeOutcome(ending)
    }
    return ending?.outcome as Outcome
  }

  get signal(): AbortSignal {
    const extensions = this.extend()
    if (extensions.controller === undefined) {
      extensions.controller = new AbortController()
      const { reason } = this
      const { hurry } = this.lifecycle
      if (reason !== null) extensions.controller.abort(abortError(reason))
      else if (hurry !== undefined) this.abortSignal(hurry)
    }
    return extensions.controller.signal
  }

  /** Asked for until the end: a router knows it late. */
  get route(): string | null {
    const { response, binding } = this
    return this.knownRoute ?? (response === undefined ? undefined : binding.route?.(response)) ?? null
  }

  set route(route: string | null) {
    this.knownRoute = route
  }

  /** Where its faults are logged if the application names no sink: the framework's logger of this request. */
  get logger(): FaultLogger | undefined {
    return this.ending === undefined ? this.lifecycle.loggerOf?.(this) : this.ending.logger
  }

  /** Its transactions, once it has asked for one. */
  get participants(): Participants | undefined {
    return this.extensions?.participants
  }

  /** Why it was aborted, if it was. */
  private get reason(): AbortReason | null {
    return this.ending === undefined ? null : this.ending.reason
  }

  private extend(): Extensions {
    return (this.extensions ??= new Extensions())
  }

  after(work: TaskFunction | PromiseLike<unknown>, options?: TaskOptions): TaskHandle {
    assertTask(work)
    if (options !== undefined) {
      if (typeof work === 'function') checkTaskOptions(options)
      else checkPromiseOptions('after', options)
    }
    return this.lifecycle.scheduler.schedule(this, work, options)
  }

  waitUntil(promise: PromiseLike<unknown>, options?: PromiseOptions): TaskHandle {
    assertPromise(promise)
    if (options !== undefined) checkPromiseOptions('waitUntil', options)
    return this.lifecycle.scheduler.schedule(this, promise, options)
  }

  onCommit(listener: CommitListener): void {
    assertFunction('onCommit', listener)
    this.assertOpen('onCommit')
    this.extend().listen(listener)
  }

  beforeCommit(hook: CommitHook): void {
    assertFunction('beforeCommit', hook)
    this.openHooks('beforeCommit').add(hook)
  }

  onPayload(hook: PayloadHook): void {
    assertFunction('onPayload', hook)
    const hooks = this.openHooks('onPayload')
    if (!hooks.awaitsPayload) this.binding.watchPayload?.(this.response as object)
    hooks.addPayloadHook(hook)
  }

  captureBody(options: CaptureOptions = {}): void {
    checkCaptureOptions(options)
    this.assertOpen('captureBody')
    const capture = (this.extend().capture = new Capture(options))
    this.binding.capture?.(this.response as object, capture)
  }

  /** Whether a hook wants to see the payload. */
  get awaitsPayload(): boolean {
    return this.extensions?.hooks?.awaitsPayload === true
  }

  /** Runs the payload hooks of a framework that waits for them by itself. */
  transformPayload(payload: unknown, head: ResponseHead): unknown {
    const hooks = this.extensions?.hooks
    return hooks === undefined ? payload : hooks.transform(payload, head)
  }

  /** Whether nothing can be put before the head any more. */
  get isPastHooks(): boolean {
    return !this.isOpen || this.extensions?.hooks?.isOver === true
  }

  /** Takes a transaction, which is settled after all hooks have let the head pass. */
  join(participant: Participant): void {
    const hooks = this.openHooks('transaction')
    hooks.addLast(async (head) => participant.settle(head))
    const extensions = this.extend()
    extensions.participants ??= new Participants()
    extensions.participants.add(participant, hooks)
  }

  /** From here on it is being handled. */
  handle(): void {
    this.place = this.place.handle ?? this.place
  }

  /** Calls a function as part of this exchange: from here on it is being handled. */
  run<A extends unknown[], R>(call: (...args: A) => R, ...args: A): R {
    this.handle()
    return this.lifecycle.options.context ? storage.run(this, call, ...args) : call(...args)
  }

  // What the binding signals.

  get awaitsHead(): boolean {
    return this.extensions !== undefined && this.extensions.commitListeners !== undefined
  }

  /** Whether nobody but the handler has a say in the head, and nobody has to know that it was written. */
  get isUnwatched(): boolean {
    return !this.awaitsHead && this.lifecycle.options.guard === false
  }

  tellHead(head: ResponseHead): void {
    this.extensions?.tellHead(head, this)
  }

  commit(status: number): void {
    const place = this.place.commit
    if (place === undefined) return
    this.place = place
    this.status = status
    this.extensions?.close()
    if (this.times !== undefined) this.times.committedAt = this.lifecycle.now()
    if (channels.exchangeCommit.hasSubscribers) channels.exchangeCommit.publish({ exchange: this, status })
  }

  finish(): void {
    this.end(this.place.finish, null, null)
  }

  abort(reason: AbortReason): void {
    if (this.hasEnded) return
    const position =
      this.status === null ? 'before-commit' : this.binding.isWritten(this.response as object) ? 'unflushed' : 'mid-response'
    this.end(this.place.abort, reason, position)
  }

  /** Latches the end. Runs inside native listeners, so it calls nothing of the application's. */
  private end(place: Place | undefined, reason: AbortReason | null, position: AbortPosition | null): void {
    if (place === undefined) return
    this.place = place
    const { binding, response, lifecycle, kept } = this
    if (binding.route !== undefined && this.knownRoute === null) this.knownRoute = this.route
    const logger = lifecycle.loggerOf?.(this)
    this.response = undefined
    this.owner = undefined
    this.kept = undefined
    this.extensions?.end()
    const head = this.status === null ? undefined : binding.writtenHead(response as object)
    this.ending = new Ending(reason, position, head, binding.writtenBytes(response as object, kept), logger)
    if (this.times !== undefined) this.times.endedAt = lifecycle.now()
    lifecycle.unended--
    if (this.tasks !== undefined || lifecycle.hasAudience || (reason !== null && this.extensions?.controller !== undefined)) {
      this.tasks ??= new TaskBook(false)
      lifecycle.scheduler.tell(this)
    } else this.drain()
  }

  /** Tells of the end, in a turn of its own, which began at `now`, and lets the tasks start. */
  tell(now: number): void {
    const { reason } = this
    if (reason !== null) this.extensions?.controller?.abort(abortError(reason))
    this.participants?.end()
    const committing = this.participants?.committing
    // It decides what the outcome says.
    if (committing === undefined) this.conclude(now)
    else void committing.then(() => this.lifecycle.scheduler.tell(this))
  }

  private conclude(now: number): void {
    const { outcome, lifecycle } = this
    lifecycle.tellOutcome(outcome, this)
    const tasks = this.tasks as TaskBook
    tasks.isTold = true
    const { waiting } = tasks
    while (waiting.oldest !== undefined) lifecycle.scheduler.release(waiting.oldest, now)
    if (tasks.unsettled === 0) this.drain()
    else lifecycle.changed()
  }

  private drain(): void {
    const place = this.place.drain
    if (place === undefined) return
    this.place = place
    this.extensions?.capture?.release()
    this.lifecycle.leave(this)
    if (channels.exchangeDrained.hasSubscribers) channels.exchangeDrained.publish({ exchange: this })
  }

  // Tasks.

  /** Takes a task until the end is told; after that it is ready at once. */
  hold(task: Task): void {
    const tasks = (this.tasks ??= new TaskBook(this.hasEnded))
    tasks.unsettled++
    if (tasks.isTold) this.lifecycle.scheduler.release(task, this.lifecycle.now())
    else this.lifecycle.scheduler.unsettled.hold(task, tasks.waiting)
  }

  /** A task has settled. */
  drop(task: Task): void {
    const tasks = this.tasks as TaskBook
    tasks.leave(task)
    if (tasks.unsettled === 0 && tasks.isTold) this.drain()
  }

  /** Exact where the async context tells the caller's task; otherwise below the deepest that runs. */
  depthOfNextTask(): number {
    const task = currentTask()
    return task === undefined ? (this.tasks?.depth ?? 1) : task.depth + 1
  }

  // Faults.

  /**
   * The handler threw. Returns whether the framework can still answer; if it cannot, the error has gone to the sink and
   * a response that the handler had not ended is destroyed, so that the client sees the truncation.
   *
   * @param lost the error is the request's own, which says only that the client left
   */
  handlerFailed(error: unknown, source: FaultSource = 'handler', lost = false): boolean {
    if (this.noteError(error)) return true
    if (!lost) this.failLate(error, source)
    this.truncate()
    return false
  }

  /** Whether this is the error with which the handler failed, so that it has been told. */
  hasFailedWith(error: unknown): boolean {
    return error !== undefined && this.extensions?.error === error
  }

  /** Something failed when nobody waited for it any more. */
  failLate(error: unknown, source: FaultSource): void {
    if (!this.isDeparture(error)) this.report(error, source)
  }

  /** Keeps what the handler threw for the outcome. Returns whether the framework can still answer. */
  noteError(error: unknown): boolean {
    if (this.ending?.outcome === undefined) this.extend().error = error
    // A reply that waits, and is whole, stands.
    if (this.extensions?.hooks?.hold.hasEnded !== true) this.participants?.fail(error)
    return this.isOpen
  }

  /** Whether an error only says that the client left: the signal was heeded, or the response that was piped to is closed. */
  isDeparture(error: unknown): boolean {
    const signal = this.extensions?.controller?.signal
    return heeds(error, signal) || (this.reason === 'client' && saysClosed(error, signal !== undefined))
  }

  /** Destroys a response that has begun and will not be ended, so that the client sees it. */
  truncate(): void {
    if (this.isOpen) return
    const { response, binding } = this
    if (response !== undefined && !binding.isWritten(response)) binding.destroy(response)
  }

  /** Sends an error to the sink, with where it came from. */
  report(error: unknown, source: FaultSource, task: string | null = null): void {
    const { phase, id, route } = this
    this.lifecycle.report(error, { source, phase, exchangeId: id, task, outcome: this.outcome ?? null, route }, this)
  }

  // Held replies.

  private assertOpen(caller: string): void {
    if (!this.isOpen) throw tooLate(caller, `the exchange was ${this.phase}`)
  }

  private openHooks(caller: string): Hooks {
    this.assertOpen(caller)
    return (this.extend().hooks ??= new Hooks(this, (gate) => this.holdReply(caller, gate)))
  }

  private holdReply(caller: string, gate: Gate): Hold {
    if (this.binding.hold !== undefined) return this.binding.hold(this.response as object, gate)
    throw new LifecycleError(
      'ERR_LIFECYCLE_CANNOT_HOLD',
      `${caller}() was called on a server that cannot hold a reply. Use onCommit(), which is synchronous.`,
    )
  }

  /** A hook refused the reply: the framework's own error handling gets the error. Its page passes the hooks that are left. */
  refuse(error: unknown, hooks?: Hooks): void {
    this.extend().hooks = hooks
    // Rolled back already, unless it was the bound and not a hook that refused.
    void this.participants?.refuse()
    if (this.handlerFailed(error, 'commit-hook')) this.run(() => this.binding.refuse?.(this.response as object, error))
  }

  // What a drain asks.

  /** Asks the client not to use the connection again. */
  endConnection(stopped: boolean): void {
    if (this.response !== undefined) this.binding.endConnection(this.response, stopped)
  }

  /** Tells the handler to hurry. */
  abortSignal(reason: LifecycleError): void {
    if (!this.hasEnded) this.extensions?.controller?.abort(reason)
  }

  /** How long it is since the request reached the mount, in ms; `null` when nobody asked for timings. */
  ageAt(now: number): number | null {
    return this.times === undefined ? null : now - this.times.receivedAt
  }

  /** Whether it is past its deadline. */
  isOverdue(now: number): boolean {
    return !this.hasEnded && (this.ageAt(now) ?? 0) >= this.lifecycle.options.exchangeTimeout
  }

  /** Ends it now. */
  cut(reason: AbortReason): void {
    const { response } = this
    if (response === undefined) return
    this.abort(reason)
    this.binding.destroy(response)
  }

  /** The reason of the signal, as soon as the exchange is aborted; before that `undefined`. */
  get abortReason(): unknown {
    const { reason } = this
    if (reason === null) return undefined
    const { signal } = this
    this.extensions?.controller?.abort(abortError(reason))
    return signal.reason
  }

  private concludeOutcome({ reason, position, bytes, head }: Ending): LazyOutcome {
    const { status, extensions } = this
    // Kept for `exchangeTimeout` as well, where nobody may see them.
    const { receivedAt = null, committedAt = null, endedAt = null } = this.lifecycle.options.timings === false ? {} : (this.times ?? {})
    const sinceReceived = (time: number | null) => (receivedAt === null || time === null ? null : time - receivedAt)
    return new LazyOutcome(
      {
        kind: reason === null ? 'finished' : 'aborted',
        reason,
        position,
        status,
        bytes,
        body: (status === null ? undefined : extensions?.bodyOf(head, this.binding)) ?? null,
        error: extensions?.error,
        transaction: this.participants?.fate ?? null,
        method: this.method,
        url: this.url,
        route: this.route,
        receivedAt: receivedAt === null ? null : performance.timeOrigin + receivedAt,
        timeToCommitMs: sinceReceived(committedAt),
        durationMs: sinceReceived(endedAt),
      },
      head,
      this.binding.parseHead,
    )
  }
}
