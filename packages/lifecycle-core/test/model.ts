import type { AbortReason } from '../src/binding.js'
import type { Phase } from '../src/phase.js'
import type { TaskState } from '../src/task.js'

/** What a task of the model-based test does. */
export interface TaskPlan {
  readonly work: 'returns' | 'throws' | 'waits' | 'promise'
  readonly when: 'always' | 'finished' | 'aborted' | 'success' | 'yes' | 'no' | 'throws'
  /** Whether it may time out. */
  readonly timed: boolean
  /** 0: none. */
  readonly key: number
  /** Tasks that it schedules: at once, or after it waited. */
  readonly nested: readonly TaskPlan[]
}

/** The tiny reference: what must be true of one task, told independently of the library. */
export class TaskModel {
  readonly number: number
  readonly plan: TaskPlan
  readonly exchange: ExchangeModel
  readonly refused: boolean
  started = false
  settled: 'fulfilled' | 'rejected' | undefined = undefined
  /** Given up before it started. */
  dropped: 'cancelled' | 'refused' | undefined = undefined
  /** When the end of its exchange let it go, by a counter; 0 before. */
  released = 0
  /** Beyond the bound of the queue, where that means to start at once. */
  inline = false
  /** A final state that it took while it ran. */
  overtaken: 'cancelled' | 'timed-out' | undefined = undefined

  constructor(number: number, plan: TaskPlan, exchange: ExchangeModel, refused: boolean) {
    this.number = number
    this.plan = plan
    this.exchange = exchange
    this.refused = refused
    this.started = plan.work === 'promise'
  }

  /** Whether its `when` wants the end of its exchange. */
  get wanted(): boolean {
    const { kind, status } = this.exchange
    const { when, work } = this.plan
    if (work === 'promise' || when === 'always' || when === 'yes') return true
    if (when === 'success') return kind === 'finished' && (status ?? 0) < 400
    return when === kind
  }

  get unsettled(): boolean {
    return !this.refused && this.dropped === undefined && this.settled === undefined
  }

  /** The state that it must have in the end. */
  get finalState(): TaskState {
    if (this.refused) return 'refused'
    if (this.dropped !== undefined) return this.dropped
    if (!this.started) return this.plan.when === 'throws' ? 'failed' : 'cancelled'
    return this.overtaken ?? (this.settled === 'rejected' ? 'failed' : 'completed')
  }

  /** How many faults it must have caused in the end. */
  get faults(): number {
    // The promise of a refused task is still followed.
    const rejected = this.settled === 'rejected' ? 1 : 0
    if (this.refused) return 1 + rejected
    if (this.dropped === 'refused') return 1
    if (!this.started) return this.dropped === undefined && this.plan.when === 'throws' ? 1 : 0
    return rejected + (this.overtaken === 'timed-out' ? 1 : 0)
  }
}

/** The tiny reference of one exchange: the first end stays. */
export class ExchangeModel {
  phase: Exclude<Phase, 'drained'> = 'received'
  status: number | null = null
  reason: AbortReason | null = null
  /** How often the library told of its end. */
  told = 0
  /** How often the library said that it is drained. */
  drained = 0
  listeners = 0
  heard = 0
  readonly tasks: TaskModel[] = []
  /** Numbers of its tasks in the order in which they started. */
  readonly starts: number[] = []

  get kind(): 'finished' | 'aborted' | undefined {
    return this.phase === 'finished' || this.phase === 'aborted' ? this.phase : undefined
  }

  handle(): void {
    if (this.phase === 'received') this.phase = 'handling'
  }

  commit(status: number): void {
    if (this.phase !== 'received' && this.phase !== 'handling') return
    this.phase = 'committed'
    this.status = status
    this.heard += this.listeners
    this.listeners = 0
  }

  end(kind: 'finished' | 'aborted', reason: AbortReason | null): void {
    if (this.kind !== undefined) return
    this.phase = kind
    this.reason = reason
    this.listeners = 0
  }
}
