import type { Task } from './task.js'
import type { Unsettled } from './unsettled.js'

/** What became of the tasks that have settled so far, and of those that were refused. */
export interface TaskCounts {
  scheduled: number
  completed: number
  failed: number
  'timed-out': number
  cancelled: number
  refused: number
}

/**
 * Figures of one application at one instant. Every task is in exactly one of them:
 * `scheduled = queued + running + zombies + completed + failed + timedOut + cancelled + refused`.
 */
export interface LifecycleStats {
  /** Exchanges that are begun and not drained. */
  readonly inFlight: number
  /** Every task that was passed to `after` or `waitUntil`. */
  readonly scheduled: number
  /** Wait for the end of their exchange, for their key or for a place. */
  readonly queued: number
  /** Have started and not settled, promises included. */
  readonly running: number
  /** Timed out or cancelled, and still run. */
  readonly zombies: number
  /** Settled without an error. */
  readonly completed: number
  /** Threw or rejected. */
  readonly failed: number
  /** Timed out, and have settled since. */
  readonly timedOut: number
  /** Cancelled, and have settled since or never ran. */
  readonly cancelled: number
  /** Not accepted, or dropped from a full queue. */
  readonly refused: number
  /** How long the longest has waited for its key or for a place, in ms; 0 when none does. */
  readonly oldestQueuedMs: number
  /** How long the longest has run after the end of its exchange, zombies included, in ms; 0 when none does. */
  readonly oldestRunningMs: number
}

/** Reads the figures. Takes constant time. */
export function statsOf(inFlight: number, counts: TaskCounts, unsettled: Unsettled): LifecycleStats {
  const { queued, running, zombies, longestWaiting, started } = unsettled
  const { scheduled, completed, failed, cancelled, refused } = counts
  const now = performance.now()
  return {
    inFlight, scheduled, queued, running, zombies, completed, failed, timedOut: counts['timed-out'], cancelled, refused,
    oldestQueuedMs: ageOf(longestWaiting, now),
    oldestRunningMs: ageOf(started.oldest, now),
  }
}

function ageOf(task: Task | undefined, now: number): number {
  return task === undefined ? 0 : now - task.since
}
