import { AsyncResource } from 'node:async_hooks'
import type { Binding } from './binding.js'
import { channels } from './channels.js'
import { Drain, checkDrainOptions, type DrainOptions } from './drain.js'
import type { LifecycleError } from './errors.js'
import type { Exchange } from './exchange.js'
import { ServerExchange } from './server-exchange.js'
import { resolveOptions, type LifecycleOptions, type ResolvedOptions } from './options.js'
import type { Outcome } from './outcome.js'
import { Mount } from './mount.js'
import { Registry } from './registry.js'
import type { DrainReport } from './report.js'
import { Scheduler } from './scheduler.js'
import { type Fault, type FaultLogger, Sink, isThenable, settle } from './sink.js'
import { type LifecycleStats, statsOf } from './stats.js'
import type { Task } from './task.js'
import { Ticker } from './ticker.js'

/** Where an application is: it takes requests, it stops doing so, it has stopped. */
export type LifecycleState = 'accepting' | 'draining' | 'drained'

const slot = Symbol.for('afterword.exchange')

/** Returns the exchange of a response, whichever adapter or copy of the package began it. */
export function exchangeOf(res: object): ServerExchange | undefined {
  return (res as { [slot]?: ServerExchange })[slot]
}

/** One application: its options, its open exchanges, its tasks. Adapters extend it. */
export class Lifecycle {
  /** What it was made with, and the defaults. */
  readonly options: ResolvedOptions
  /** Where its faults go. */
  readonly sink: Sink
  /** Starts its tasks, and counts them. */
  readonly scheduler: Scheduler
  /** The timer behind all its deadlines. */
  readonly ticker: Ticker
  /** Begun and not drained. */
  readonly open = new Registry<ServerExchange>()
  /** Begun and not ended. */
  unended = 0
  /** The reason of every signal once the drain has reached its soft deadline. */
  hurry: LifecycleError | undefined = undefined
  /** The async context in which the lifecycle was made: where it works when it works for no request in particular. */
  readonly scope = new AsyncResource('AFTERWORD_LIFECYCLE')
  /** Whether every exchange has hooks of the application. */
  private readonly hasHooks: boolean
  /** The one of the latest exchange: most applications are on one kind of server. */
  private latestMount: Mount | undefined = undefined
  private drainState: LifecycleState = 'accepting'
  private draining: Drain | undefined
  private watchers: (() => void)[] | undefined

  /**
   * Applications call `createLifecycle` of their adapter.
   *
   * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_OPTION`, `ERR_LIFECYCLE_UNKNOWN_OPTION`
   */
  constructor(options?: LifecycleOptions) {
    this.options = resolveOptions(options)
    const { beforeCommit, onPayload, captureBody } = this.options
    this.hasHooks = beforeCommit !== undefined || onPayload !== undefined || captureBody !== undefined
    this.sink = new Sink(this.options.onError, this.options.logger)
    this.scheduler = new Scheduler(this)
    this.ticker = new Ticker((now) => this.expire(now))
  }

  /** Whether it takes requests, stops doing so, or has stopped. */
  get state(): LifecycleState {
    return this.drainState
  }

  /**
   * What a readiness probe asks: whether load balancers may send requests. False from the first moment of a drain.
   *
   * @example
   * ```ts
   * app.get('/ready', (req, res) => res.sendStatus(lifecycle.ready ? 200 : 503))
   * ```
   */
  get ready(): boolean {
    return this.drainState === 'accepting'
  }

  /** Whether anybody wants to be told of every end. */
  get hasAudience(): boolean {
    return this.options.onOutcome !== undefined || channels.exchangeEnd.hasSubscribers || channels.exchangeDrained.hasSubscribers
  }

  /** Whether anybody asks for the times of an exchange that begins now. */
  get isTimed(): boolean {
    const { timings, exchangeTimeout } = this.options
    return exchangeTimeout < Infinity || (timings ?? this.hasAudience)
  }

  /** Begins the exchange of a response, or returns the one it has: mounting twice is harmless. */
  begin<Res extends object>(binding: Binding<Res>, res: Res, method: string, url: string, owner?: unknown): ServerExchange {
    const begun = exchangeOf(res)
    if (begun !== undefined) return begun
    const exchange = new ServerExchange(this.mountOn(binding as unknown as Binding), res, method, url)
    exchange.owner = owner
    ;(res as { [slot]?: ServerExchange })[slot] = exchange
    this.open.add(exchange)
    this.unended++
    if (this.options.exchangeTimeout < Infinity) this.ticker.start()
    if (channels.exchangeStart.hasSubscribers) channels.exchangeStart.publish({ exchange })
    binding.attach(res, exchange)
    if (this.hasHooks && exchange.isOpen) this.addHooks(exchange)
    this.draining?.greet(exchange)
    return exchange
  }

  private mountOn(binding: Binding): Mount {
    if (this.latestMount?.binding !== binding) this.latestMount = new Mount(this, binding)
    return this.latestMount
  }

  private addHooks(exchange: ServerExchange): void {
    const { beforeCommit, onPayload, captureBody } = this.options
    if (beforeCommit !== undefined) exchange.beforeCommit(beforeCommit)
    if (onPayload !== undefined) exchange.onPayload(onPayload)
    if (captureBody !== undefined) exchange.captureBody(captureBody)
  }

  /** An exchange is drained. */
  leave(exchange: ServerExchange): void {
    this.open.remove(exchange)
    this.changed()
  }

  /** Milliseconds on the monotonic clock. */
  now(): number {
    return performance.now()
  }

  /**
   * Stops taking work and waits for what is in flight. Never rejects, never hangs, never ends the process. Calling it
   * again returns the same promise; times and servers that are given then may bring its deadlines nearer and add to what
   * is stopped.
   *
   * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_OPTION`, `ERR_LIFECYCLE_UNKNOWN_OPTION`
   */
  drain(options: DrainOptions = {}): Promise<DrainReport> {
    checkDrainOptions(options)
    if (this.draining === undefined) {
      this.drainState = 'draining'
      this.draining = new Drain(this, options)
      void this.draining.report.then(() => (this.drainState = 'drained'))
      this.draining.start()
    } else this.draining.join(options)
    return this.draining.report
  }

  /** Ms until the drain cuts what is left; Infinity when none has begun. */
  get drainMsLeft(): number {
    return this.draining?.msLeft ?? Infinity
  }

  /** Whether an exchange that was just begun is to be answered with 503 instead of being handled. Ask once for each. */
  rejects(exchange: ServerExchange): boolean {
    return this.draining !== undefined && exchange.phase === 'received' && this.draining.rejects()
  }

  /**
   * Resolves once nothing is in flight: no exchange is open, no task is queued or running.
   *
   * @example
   * ```ts
   * await request(app).post('/orders').send(order)
   * await lifecycle.idle()
   * expect(mails).toHaveLength(1)
   * ```
   */
  async idle(): Promise<void> {
    while (!this.isIdle) await this.nextChange()
  }

  /**
   * Figures of this instant. They add up, and take constant time, so they can be polled.
   *
   * @example
   * ```ts
   * setInterval(() => gauge('after.queued', lifecycle.stats().queued), 1000).unref()
   * ```
   */
  stats(): LifecycleStats {
    return statsOf(this.open.size, this.scheduler.counts, this.scheduler.unsettled)
  }

  /** Whether nothing is in flight. */
  get isIdle(): boolean {
    return this.open.size === 0 && this.scheduler.unsettled.size === 0
  }

  /** Resolves in a turn of its own after something ended or settled. */
  nextChange(): Promise<void> {
    return new Promise((resolve) => (this.watchers ??= []).push(resolve))
  }

  /** Something ended or settled. May be called inside native listeners: watchers hear of it in a later turn. */
  changed(): void {
    if (this.watchers === undefined) return
    const { watchers } = this
    this.watchers = undefined
    setImmediate(() => {
      for (const watcher of watchers) watcher()
    })
  }

  /** Tells subscribers how an exchange ended. */
  tellOutcome(outcome: Outcome, exchange: ServerExchange): void {
    if (channels.exchangeEnd.hasSubscribers) channels.exchangeEnd.publish({ exchange, outcome })
    const { onOutcome } = this.options
    if (onOutcome !== undefined) this.callSubscriber(exchange, () => onOutcome(outcome, exchange as Exchange))
  }

  /** Tells `onRefused` of a task. */
  tellRefused(task: Task, error: LifecycleError): void {
    const { onRefused } = this.options
    if (onRefused !== undefined) this.callSubscriber(task.exchange, () => onRefused(task, error))
  }

  /** The framework's logger of a request, asked for until its exchange ends; an adapter whose framework has one names it. */
  loggerOf?(exchange: ServerExchange): FaultLogger | undefined

  /** Every fault comes through here, on its way to the sink. */
  report(error: unknown, fault: Fault, exchange: ServerExchange): void {
    this.sink.report(error, fault, exchange.logger)
  }

  private callSubscriber(exchange: ServerExchange, call: () => unknown): void {
    try {
      const result = call()
      if (isThenable(result)) settle(result, undefined, (error) => exchange.report(error, 'subscriber'))
    } catch (error) {
      exchange.report(error, 'subscriber')
    }
  }

  /** Ends what is past its deadline; says whether anything is left to watch. */
  private expire(now: number): boolean {
    const { exchangeTimeout } = this.options
    if (exchangeTimeout < Infinity) {
      const due = [...this.open].filter((exchange) => exchange.isOverdue(now))
      for (const exchange of due) exchange.cut('deadline')
    }
    return this.scheduler.expire(now) || (exchangeTimeout < Infinity && this.unended > 0)
  }
}
