import type { Host } from './binding.js'
import { LifecycleError } from './errors.js'
import type { ServerExchange } from './exchange.js'
import type { Lifecycle } from './lifecycle.js'
import { check, isMs, type Requirements } from './options.js'
import type { Phase } from './phase.js'
import type { TaskCounts } from './scheduler.js'
import type { TaskState } from './task.js'

/** Options of a drain. */
export interface DrainOptions {
  /** The listening servers; adapters make them from what the application has. */
  hosts?: readonly Host[]
  /** Ms after which every signal aborts, so that handlers and tasks can hurry. Default: three quarters of `timeout`. */
  softTimeout?: number
  /** Ms after which what is left is cut. Default: 10 000. */
  timeout?: number
}

/** A task that the drain did not wait for any longer. One that timed out or was cancelled is lost too, until it settles. */
export interface LostTask {
  readonly name: string
  readonly exchangeId: string
  readonly route: string | null
  readonly state: TaskState
  readonly ageMs: number
}

/** An exchange that the drain had to cut. */
export interface CutExchange {
  readonly exchangeId: string
  readonly route: string | null
  readonly method: string
  readonly url: string
  readonly phase: Phase
}

/** What became of everything that was in flight. */
export interface DrainReport {
  /** Whether nothing was lost or cut. */
  readonly clean: boolean
  /** For `process.exitCode`: 0 when clean, otherwise 1. */
  readonly suggestedExitCode: 0 | 1
  readonly durationMs: number
  readonly exchanges: { readonly inFlightAtStart: number; readonly cut: readonly CutExchange[] }
  /**
   * Tasks by what became of them once they settled:
   * `pendingAtStart + scheduled = completed + failed + timedOut + cancelled + refused + lost.length`.
   */
  readonly tasks: {
    readonly pendingAtStart: number
    readonly scheduled: number
    readonly completed: number
    readonly failed: number
    readonly timedOut: number
    readonly cancelled: number
    readonly refused: number
    readonly lost: readonly LostTask[]
  }
}

/** Ms that the tasks of cut exchanges get to run. */
const lastSlotMs = 250

const longestTimerMs = 2 ** 31 - 1

const requirements: Requirements = {
  hosts: [(value) => Array.isArray(value), 'a list of hosts'],
  softTimeout: isMs,
  timeout: isMs,
}

/** Checks the options of a drain. */
export function checkDrainOptions(options: DrainOptions): void {
  check('drain', options, requirements)
}

/** One run through the six steps: stop, ask clients to leave, wait, hurry, cut, seal. */
export class Drain {
  private readonly lifecycle: Lifecycle
  private readonly hosts: readonly Host[]
  private readonly timeout: number
  private readonly softTimeout: number
  private readonly startedAt = performance.now()
  private readonly countsAtStart: TaskCounts
  private readonly pendingAtStart: number
  private readonly inFlightAtStart: number

  constructor(lifecycle: Lifecycle, { hosts = [], timeout = 10_000, softTimeout = timeout * 0.75 }: DrainOptions) {
    this.lifecycle = lifecycle
    this.hosts = hosts
    this.timeout = timeout
    this.softTimeout = Math.min(softTimeout, timeout)
    this.countsAtStart = { ...lifecycle.scheduler.counts }
    this.pendingAtStart = lifecycle.scheduler.unsettled.size
    this.inFlightAtStart = lifecycle.open.size
  }

  async run(): Promise<DrainReport> {
    const { lifecycle, hosts } = this
    for (const host of hosts) host.stop()
    for (const exchange of lifecycle.open) exchange.endConnection()
    const quiet = this.untilQuiet()
    let cut: CutExchange[] = []
    if (!(await within(quiet, this.softTimeout))) {
      this.hurry()
      if (!(await within(quiet, this.timeout - this.softTimeout))) cut = await this.cutAll(quiet)
    }
    this.seal()
    return this.report(cut)
  }

  /** A counter at zero means nothing while a connection can still bring a request, so both must be gone at once. */
  private async untilQuiet(): Promise<void> {
    const { lifecycle, hosts } = this
    let connected = hosts.length
    for (const host of hosts) void host.closed.then(() => connected--).then(() => lifecycle.changed())
    for (;;) {
      for (const host of hosts) host.sweep(lifecycle.unended === 0)
      if (!(lifecycle.isIdle && connected === 0)) {
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
  }

  private async cutAll(quiet: Promise<void>): Promise<CutExchange[]> {
    const { lifecycle, hosts } = this
    const stuck = [...lifecycle.open].filter((exchange) => exchange.outcome === undefined)
    const cut = stuck.map(describeExchange)
    for (const exchange of stuck) exchange.cut('drain')
    for (const host of hosts) host.sever()
    await within(quiet, lastSlotMs)
    return cut
  }

  private report(cut: readonly CutExchange[]): DrainReport {
    const { counts, unsettled } = this.lifecycle.scheduler
    const before = this.countsAtStart
    const now = performance.now()
    const lost = [...unsettled].map((task): LostTask => ({
      name: task.name,
      exchangeId: task.exchangeId,
      route: task.exchange.route,
      state: task.state,
      ageMs: task.since === 0 ? 0 : now - task.since,
    }))
    const clean = lost.length === 0 && cut.length === 0
    return {
      clean,
      suggestedExitCode: clean ? 0 : 1,
      durationMs: now - this.startedAt,
      exchanges: { inFlightAtStart: this.inFlightAtStart, cut },
      tasks: {
        pendingAtStart: this.pendingAtStart,
        scheduled: counts.scheduled - before.scheduled,
        completed: counts.completed - before.completed,
        failed: counts.failed - before.failed,
        timedOut: counts['timed-out'] - before['timed-out'],
        cancelled: counts.cancelled - before.cancelled,
        refused: counts.refused - before.refused,
        lost,
      },
    }
  }
}

function describeExchange({ id, route, method, url, phase }: ServerExchange): CutExchange {
  return { exchangeId: id, route, method, url, phase }
}

/** Whether something settles within a time. */
async function within(done: Promise<void>, ms: number): Promise<boolean> {
  // A timer cannot be set that far ahead; Node would make it 1 ms.
  if (ms > longestTimerMs) return done.then(() => true)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, ms, false)))
  const inTime = await Promise.race([done.then(() => true), late])
  clearTimeout(timer)
  return inTime
}
