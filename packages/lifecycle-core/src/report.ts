import type { AbortPosition } from './binding.js'
import type { ServerExchange } from './server-exchange.js'
import type { Phase } from './phase.js'
import type { TaskCounts } from './stats.js'
import type { Task, TaskState } from './task.js'

/** A task that the drain did not wait for any longer. One that timed out or was cancelled is lost too, until it settles. */
export interface LostTask {
  /** The name it was scheduled with. */
  readonly name: string
  /** The id of the exchange that scheduled it. */
  readonly exchangeId: string
  /** The route of that exchange, when the framework knew one. */
  readonly route: string | null
  /** Where it was when the drain gave it up. */
  readonly state: TaskState
  /** Ms since it could start, or since it did. */
  readonly ageMs: number
  /** Whether `onAbandoned` took it within its time. */
  readonly handedOver: boolean
}

/** A task that the drain could not finish, as `onAbandoned` gets it. */
export interface AbandonedTask extends Omit<LostTask, 'handedOver'> {
  /** What the task was scheduled with. */
  readonly descriptor: unknown
}

/** An exchange that the drain had to cut. */
export interface CutExchange {
  /** The id of the exchange. */
  readonly exchangeId: string
  /** The route pattern, when the framework knew one. */
  readonly route: string | null
  /** The method of the request. */
  readonly method: string
  /** As the client sent it. */
  readonly url: string
  /** Where it was when it was cut. */
  readonly phase: Phase
  /** How far the response had come. `unflushed`: the handler was done, the client had not read. */
  readonly position: AbortPosition
  /** Ms since its receipt; `null` without `timings`. */
  readonly ageMs: number | null
}

/** Handlers of one route that never came to an end. */
export interface StuckRoute {
  /** The method of the requests. */
  readonly method: string
  /** The route pattern, or `null` where the framework knew none. */
  readonly route: string | null
  /** How many of them were cut. */
  readonly count: number
  /** The age of the oldest; `null` without `timings`. */
  readonly oldestMs: number | null
}

/** How long each step took, in ms. Their sum is `durationMs`. */
export interface DrainPhases {
  /** Not ready, but accepting: `readinessDelay`. */
  readonly readiness: number
  /** From the stop of the server to the soft deadline, or until all was quiet. */
  readonly wait: number
  /** From the soft deadline to the hard one, or until all was quiet. */
  readonly hurry: number
  /** The last slot, after the cut. */
  readonly cut: number
  /** For `onAbandoned`. */
  readonly handOver: number
}

/** What became of everything that was in flight. */
export interface DrainReport {
  /** Whether nothing was lost or cut. */
  readonly clean: boolean
  /** For `process.exitCode`: 0 when clean, otherwise 1. */
  readonly suggestedExitCode: 0 | 1
  /** From the call of `drain()` to the report. */
  readonly durationMs: number
  /** How long each step took. */
  readonly phases: DrainPhases
  /** Requests and their responses. */
  readonly exchanges: {
    /** Begun and not drained when the drain began. */
    readonly inFlightAtStart: number
    /** Begun during the drain, on connections that were open, or during `readinessDelay`. */
    readonly arrived: number
    /** Those of them that were answered with 503: `onDraining: 'reject'`. */
    readonly rejected: number
    /** Those that the hard deadline ended. */
    readonly cut: readonly CutExchange[]
    /** The same by route, without those whose handler was done. The most frequent first. */
    readonly stuck: readonly StuckRoute[]
  }
  /** Connections without an exchange that were destroyed: upgraded ones, and requests that never came. */
  readonly connections: {
    /** How many. */
    readonly severed: number
  }
  /**
   * Tasks by what became of them once they settled:
   * `pendingAtStart + scheduled = completed + failed + timedOut + cancelled + refused + abandoned`.
   */
  readonly tasks: {
    /** Accepted and not settled when the drain began. */
    readonly pendingAtStart: number
    /** Passed to `after` or `waitUntil` during the drain. */
    readonly scheduled: number
    /** Settled without an error. */
    readonly completed: number
    /** Threw or rejected. */
    readonly failed: number
    /** Timed out, and settled before the report. */
    readonly timedOut: number
    /** Cancelled, and settled before the report if they ran. */
    readonly cancelled: number
    /** Not accepted, or dropped from a full queue. */
    readonly refused: number
    /** How many are in `lost`. */
    readonly abandoned: number
    /** Every one that the drain gave up, by name. */
    readonly lost: readonly LostTask[]
  }
}

export function describeTask(task: Task, now: number): Omit<LostTask, 'handedOver'> {
  const { name, exchangeId, exchange, state, since } = task
  return { name, exchangeId, route: exchange.route, state, ageMs: since === 0 ? 0 : now - since }
}

/** Of an exchange that was cut just now, with the phase it was cut in. */
export function describeCut(exchange: ServerExchange, phase: Phase, now: number): CutExchange {
  const { id, route, method, url, outcome } = exchange
  const ageMs = exchange.ageAt(now)
  return { exchangeId: id, route, method, url, phase, position: outcome.position as AbortPosition, ageMs }
}

/** Counts handlers that hang, by route. */
export function stuckByRoute(cut: readonly CutExchange[]): StuckRoute[] {
  const routes = new Map<string, StuckRoute>()
  for (const { method, route, position, ageMs } of cut) {
    if (position === 'unflushed') continue
    const key = `${method} ${route}`
    const { count, oldestMs } = routes.get(key) ?? { count: 0, oldestMs: null }
    routes.set(key, { method, route, count: count + 1, oldestMs: ageMs === null ? oldestMs : Math.max(ageMs, oldestMs ?? 0) })
  }
  return [...routes.values()].toSorted((a, b) => b.count - a.count)
}

/** What has happened to tasks between two counts. */
export function countsBetween(before: TaskCounts, after: TaskCounts) {
  return {
    scheduled: after.scheduled - before.scheduled,
    completed: after.completed - before.completed,
    failed: after.failed - before.failed,
    timedOut: after['timed-out'] - before['timed-out'],
    cancelled: after.cancelled - before.cancelled,
    refused: after.refused - before.refused,
  }
}
