import type { Host } from './binding.js'
import { channels } from './channels.js'
import { before, Deadline } from './deadline.js'
import { LifecycleError } from './errors.js'
import type { ServerExchange } from './server-exchange.js'
import { handOver } from './handover.js'
import type { Lifecycle } from './lifecycle.js'
import { check, isMs, type Requirement } from './options.js'
import { countsBetween, describeCut, type CutExchange, type DrainPhases, type DrainReport, stuckByRoute } from './report.js'
import type { TaskCounts } from './stats.js'

/** What becomes of a request that comes on an open connection once the server has stopped. */
export type DrainingPolicy = 'serve' | 'reject'

/** Options of a drain. */
export interface DrainOptions {
  /** The listening servers; adapters make them from what the application has. */
  hosts?: readonly Host[]
  /**
   * Ms during which the application says that it is not ready and still accepts, so that load balancers can look away
   * before the server stops. The other times are counted from there. Default: 0.
   */
  readinessDelay?: number
  /** Ms after which every signal aborts, so that handlers and tasks can hurry. Default: three quarters of `timeout`. */
  softTimeout?: number
  /** Ms after which what is left is cut. Default: 10 000. */
  timeout?: number
  /** Ms that `onAbandoned` gets after that. Default: 1 000. */
  handOverTimeout?: number
  /** Its abort is the hard deadline. */
  signal?: AbortSignal
  /**
   * What becomes of a request that comes on an open connection once the server has stopped: it is served, or answered
   * with 503 and `Retry-After`. Either way its client is asked not to come back. Default: `serve`.
   */
  onDraining?: DrainingPolicy
}

/** Ms that the tasks of cut exchanges get to run. */
const lastSlotMs = 250

/** What the options of a drain must be. */
export const drainRequirements: { readonly [name in keyof DrainOptions]-?: Requirement } = {
  hosts: [(value) => Array.isArray(value), 'a list of hosts'],
  readinessDelay: [(value) => value === 0 || isMs[0](value), 'a number of ms'],
  softTimeout: isMs,
  timeout: isMs,
  handOverTimeout: isMs,
  signal: [(value) => value instanceof AbortSignal, 'an AbortSignal'],
  onDraining: [(value) => value === 'serve' || value === 'reject', "'serve' or 'reject'"],
}

/** Checks the options of a drain. */
export function checkDrainOptions(options: DrainOptions): void {
  check('drain', options, drainRequirements)
}

/** One run through the six steps: not ready, stop, wait, hurry, cut, seal. */
export class Drain {
  readonly report: Promise<DrainReport>
  private resolve!: (report: Promise<DrainReport>) => void
  private readonly lifecycle: Lifecycle
  private readonly hosts: Host[] = []
  private readonly readiness: Deadline
  private readonly soft: Deadline
  private readonly hard: Deadline
  private readonly handOverTimeout: number
  private readonly isDelayed: boolean
  private readonly countsAtStart: TaskCounts
  private readonly pendingAtStart: number
  private readonly inFlightAtStart: number
  private readonly phases: { -readonly [phase in keyof DrainPhases]: number } = { readiness: 0, wait: 0, hurry: 0, cut: 0, handOver: 0 }
  private readonly startedAt = performance.now()
  private phaseStartedAt = this.startedAt
  private readonly signals = new Set<AbortSignal>()
  private onDraining: DrainingPolicy = 'serve'
  private stopped = false
  /** Hosts that still have connections. */
  private connected = 0
  private arrived = 0
  private rejected = 0
  private severed = 0

  constructor(lifecycle: Lifecycle, options: DrainOptions) {
    const { readinessDelay = 0, timeout = 10_000, softTimeout = timeout * 0.75, handOverTimeout = 1000 } = options
    this.lifecycle = lifecycle
    this.countsAtStart = { ...lifecycle.scheduler.counts }
    this.pendingAtStart = lifecycle.scheduler.unsettled.size
    this.inFlightAtStart = lifecycle.open.size
    this.readiness = new Deadline(readinessDelay)
    this.soft = new Deadline(readinessDelay + Math.min(softTimeout, timeout))
    this.hard = new Deadline(readinessDelay + timeout)
    this.handOverTimeout = handOverTimeout
    this.report = new Promise((resolve) => (this.resolve = resolve))
    this.isDelayed = readinessDelay > 0
    this.enroll(options)
  }

  start(): void {
    this.resolve(this.run())
  }

  /** A further call: it may bring the deadlines nearer, and add to what there is to stop. */
  join({ readinessDelay, timeout, softTimeout, ...rest }: DrainOptions): void {
    if (readinessDelay !== undefined) this.readiness.within(readinessDelay)
    if (timeout !== undefined) {
      this.hard.within(timeout)
      this.soft.within(Math.min(softTimeout ?? timeout * 0.75, timeout))
    } else if (softTimeout !== undefined) this.soft.within(softTimeout)
    this.enroll(rest)
  }

  /** Takes note of an exchange that begins meanwhile, and asks its client to leave. */
  greet(exchange: ServerExchange): void {
    this.arrived++
    exchange.endConnection(this.stopped)
  }

  /** Whether a request that has just begun is to be answered with 503; counts it. */
  rejects(): boolean {
    if (!this.stopped || this.onDraining === 'serve') return false
    this.rejected++
    return true
  }

  private enroll({ hosts = [], signal, onDraining }: DrainOptions): void {
    this.onDraining = onDraining ?? this.onDraining
    for (const host of hosts) {
      if (this.hosts.includes(host)) continue
      this.hosts.push(host)
      this.connected++
      void host.closed.then(() => this.connected--).then(() => this.lifecycle.changed())
      if (this.stopped) host.stop()
    }
    if (signal === undefined || this.signals.has(signal)) return
    this.signals.add(signal)
    if (signal.aborted) this.giveUp()
    else signal.addEventListener('abort', this.giveUp)
  }

  /** Until the hard deadline. */
  get msLeft(): number {
    return this.hard.at - performance.now()
  }

  private readonly giveUp = (): void => {
    for (const deadline of [this.readiness, this.soft, this.hard]) deadline.within(0)
  }

  private async run(): Promise<DrainReport> {
    const { lifecycle } = this
    if (channels.drainStart.hasSubscribers) channels.drainStart.publish({ lifecycle })
    if (this.isDelayed) {
      for (const exchange of lifecycle.open) exchange.endConnection(false)
      await Promise.race([this.readiness.reached, this.soft.reached])
      this.endPhase('readiness')
    }
    this.stop()
    const quiet = this.untilQuiet()
    const inTime = await before(quiet, this.soft)
    this.endPhase('wait')
    let cut: CutExchange[] = []
    if (!inTime) {
      this.hurry()
      const inHurry = await before(quiet, this.hard)
      this.endPhase('hurry')
      if (!inHurry) cut = await this.cutAll(quiet)
    }
    this.seal()
    return this.conclude(cut)
  }

  private stop(): void {
    this.stopped = true
    for (const host of this.hosts) host.stop()
    for (const exchange of this.lifecycle.open) exchange.endConnection(true)
  }

  /** A counter at zero means nothing while a connection can still bring a request, so both must be gone at once. */
  private async untilQuiet(): Promise<void> {
    const { lifecycle } = this
    // What the operating system has received so far is read first: a connection that looks idle may have brought a request.
    for (let turns = 0; turns < 2; turns++) await new Promise((resolve) => setImmediate(resolve))
    for (;;) {
      for (const host of this.hosts) host.sweep(lifecycle.unended === 0, lifecycle.hurry !== undefined)
      if (!(lifecycle.isIdle && this.connected === 0)) {
        await lifecycle.nextChange()
        continue
      }
      // Whoever heard of the same change may schedule more in this turn.
      await new Promise((resolve) => setImmediate(resolve))
      if (lifecycle.isIdle) return this.seal()
    }
  }

  /** From here on every task is refused. In the same turn as the last look, so that none slips through. */
  private seal(): void {
    this.lifecycle.scheduler.sealed = true
  }

  private hurry(): void {
    const { lifecycle } = this
    const reason = new LifecycleError('ERR_LIFECYCLE_DRAINING', 'The drain reached its soft deadline.')
    lifecycle.hurry = reason
    // Over copies: what listens to one signal may end other exchanges and tasks.
    for (const exchange of [...lifecycle.open]) exchange.abortSignal(reason)
    for (const task of [...lifecycle.scheduler.unsettled]) task.abort(reason)
    // Connections may have to go.
    lifecycle.changed()
  }

  private async cutAll(quiet: Promise<void>): Promise<CutExchange[]> {
    const { lifecycle } = this
    const now = performance.now()
    for (const host of this.hosts) this.severed += host.unclaimed
    const cut: CutExchange[] = []
    for (const exchange of [...lifecycle.open]) {
      if (exchange.outcome !== undefined) continue
      const { phase } = exchange
      exchange.cut('drain')
      cut.push(describeCut(exchange, phase, now))
    }
    for (const host of this.hosts) host.sever()
    const lastSlot = new Deadline(lastSlotMs)
    await before(quiet, lastSlot)
    lastSlot.cancel()
    this.endPhase('cut')
    return cut
  }

  private async conclude(cut: readonly CutExchange[]): Promise<DrainReport> {
    const { lifecycle } = this
    // Counted before the hand-over: what settles during it was abandoned all the same.
    const counts = countsBetween(this.countsAtStart, lifecycle.scheduler.counts)
    const lost = await handOver(lifecycle, [...lifecycle.scheduler.unsettled], this.handOverTimeout)
    if (lost.length > 0 && lifecycle.options.onAbandoned !== undefined) this.endPhase('handOver')
    for (const deadline of [this.readiness, this.soft, this.hard]) deadline.cancel()
    for (const signal of this.signals) signal.removeEventListener('abort', this.giveUp)
    const clean = lost.length === 0 && cut.length === 0
    const { inFlightAtStart, arrived, rejected, severed, pendingAtStart } = this
    const report: DrainReport = {
      clean,
      suggestedExitCode: clean ? 0 : 1,
      durationMs: this.phaseStartedAt - this.startedAt,
      phases: this.phases,
      exchanges: { inFlightAtStart, arrived, rejected, cut, stuck: stuckByRoute(cut) },
      connections: { severed },
      tasks: { pendingAtStart, ...counts, abandoned: lost.length, lost },
    }
    if (channels.drainEnd.hasSubscribers) channels.drainEnd.publish({ lifecycle, report })
    return report
  }

  private endPhase(phase: keyof DrainPhases): void {
    const now = performance.now()
    this.phases[phase] = now - this.phaseStartedAt
    this.phaseStartedAt = now
  }
}
