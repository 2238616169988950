import type { Exchange, Outcome, TaskState } from '@afterword/adapter-node'

/** One task of an exchange, in ms since the request was received. */
export interface TaskSpan {
  readonly name: string
  readonly startedAt: number
  endedAt: number
  state: TaskState
}

/** An error, and who was told of it. */
interface Told {
  readonly error: unknown
  /** The task that failed, or `handler`. */
  readonly by: string
  readonly to: string
}

/** What happened to one exchange, in ms since the request was received. */
export interface Timeline {
  readonly exchange: Exchange
  /** On the monotonic clock. */
  readonly startedAt: number
  /** Which server it came in by; known at the end. */
  server: string
  outcome: Outcome | undefined
  drainedAt: number
  readonly tasks: TaskSpan[]
  readonly faults: Told[]
}

/** Starts the timeline of an exchange. */
export function startTimeline(exchange: Exchange): Timeline {
  return { exchange, startedAt: performance.now(), server: '', outcome: undefined, drainedAt: 0, tasks: [], faults: [] }
}

/** Whether a task did its work: one whose `when` did not hold is cancelled instead. */
export function hasRun({ state }: TaskSpan): boolean {
  return state === 'completed' || state === 'failed'
}
