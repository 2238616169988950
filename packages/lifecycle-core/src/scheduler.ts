import type { AsyncResource } from 'node:async_hooks'
import { channels } from './channels.js'
import { storage } from './context.js'
import { LifecycleError } from './errors.js'
import type { ServerExchange } from './exchange.js'
import type { Lifecycle } from './lifecycle.js'
import { Registry } from './registry.js'
import { Ring } from './ring.js'
import { isThenable, settle } from './sink.js'
import { Task, type TaskFunction, type TaskOptions, type TaskState } from './task.js'

/** Ms of after-work in one turn of the event loop; then I/O comes first again. */
const turnMs = 2

/** What became of the tasks that have settled so far, and of those that were refused. */
export interface TaskCounts {
  scheduled: number
  completed: number
  failed: number
  'timed-out': number
  cancelled: number
  refused: number
}

/** Starts tasks after the end of their exchange, in turns of their own, and keeps count of them until they settle. */
export class Scheduler {
  /** Every task that was accepted and has not settled, those that timed out included. */
  readonly unsettled = new Registry<Task>()
  readonly counts: TaskCounts = { scheduled: 0, completed: 0, failed: 0, 'timed-out': 0, cancelled: 0, refused: 0 }
  /** After the drain: every further task is refused. */
  sealed = false
  private readonly lifecycle: Lifecycle
  private readonly ended = new Ring<ServerExchange>()
  private readonly ready = new Ring<Task>()
  private places: number
  private awake = false

  constructor(lifecycle: Lifecycle) {
    this.lifecycle = lifecycle
    this.places = lifecycle.options.concurrency
  }

  /** Takes a task from an exchange in any phase. A refused one is reported, and comes back as such. */
  schedule(exchange: ServerExchange, work: TaskFunction | PromiseLike<unknown>, options: TaskOptions | undefined): Task {
    const run = typeof work === 'function' ? work : undefined
    const task = new Task(exchange, run, exchange.depthOfNextTask(), options)
    this.counts.scheduled++
    const refusal = this.refusal(task)
    if (refusal === undefined) {
      this.unsettled.add(task)
      exchange.hold(task)
    } else {
      task.conclude('refused')
      this.counts.refused++
      exchange.report(refusal, 'task', task.name)
      this.lifecycle.tellRefused(task, refusal)
    }
    if (run === undefined) this.follow(task, work as PromiseLike<unknown>)
    return task
  }

  private refusal(task: Task): LifecycleError | undefined {
    const { maxDepth } = this.lifecycle.options
    if (this.sealed) {
      return new LifecycleError(
        'ERR_LIFECYCLE_SEALED',
        `after(${task.name}) was called when the drain was over. Put the work somewhere durable, or drain later.`,
      )
    }
    if (task.depth > maxDepth) {
      return new LifecycleError(
        'ERR_LIFECYCLE_TASK_DEPTH',
        `after(${task.name}) was called ${task.depth} tasks deep. Use a loop in one task, or raise maxDepth (${maxDepth}).`,
      )
    }
    return undefined
  }

  /** An exchange has ended and somebody is to be told, in a later turn. */
  tell(exchange: ServerExchange): void {
    this.ended.push(exchange)
    this.wake()
  }

  /** The exchange of this task has ended: it may start as soon as there is a place. */
  release(task: Task): void {
    task.since = this.lifecycle.now()
    if (task.run === undefined) {
      if (task.timeout < Infinity) this.lifecycle.ticker.start()
      return
    }
    this.ready.push(task)
    this.wake()
  }

  /** Gives up a task: out of the queue if it is there, by its signal if it runs. */
  cancel(task: Task, reason: LifecycleError): void {
    // First the state: what listens to the signal may cancel again.
    if (task.state === 'queued') this.leave(task, 'cancelled')
    else this.conclude(task, 'cancelled')
    task.abort(reason)
  }

  /** Marks what has run too long; says whether anything is left to watch. */
  expire(now: number): boolean {
    let watching = false
    let due: Task[] | undefined
    for (const task of this.unsettled) {
      if (task.state !== 'running' || task.since === 0) continue
      if (now - task.since >= task.timeout) (due ??= []).push(task)
      else watching ||= task.timeout < Infinity
    }
    // Not inside the loop above: what is called here may cancel other tasks.
    for (const task of due ?? []) this.timeOut(task)
    return watching
  }

  private timeOut(task: Task): void {
    if (task.isFinal) return
    this.conclude(task, 'timed-out')
    const error = new LifecycleError(
      'ERR_LIFECYCLE_TASK_TIMEOUT',
      `The task ${task.name} ran longer than ${task.timeout} ms. It is counted until it settles.`,
    )
    task.report(error)
    task.inContext(() => task.abort(error))
  }

  private wake(): void {
    if (this.awake) return
    this.awake = true
    setImmediate(takeTurn, this, this.lifecycle.scope)
  }

  /** One turn: first tell of the ends, then start what may start, until the turn's time is used up. */
  turn(): void {
    this.awake = false
    let now = performance.now()
    const until = now + turnMs
    while (now < until) {
      const exchange = this.ended.shift()
      if (exchange !== undefined) exchange.tell()
      else if (this.places > 0 && this.ready.size > 0) this.start(this.ready.shift() as Task, now)
      else return
      now = performance.now()
    }
    if (this.ended.size > 0 || (this.places > 0 && this.ready.size > 0)) this.wake()
  }

  private start(task: Task, now: number): void {
    if (task.state !== 'queued') return
    task.state = 'running'
    task.since = now
    task.holdsPlace = true
    this.places--
    if (task.timeout < Infinity) this.lifecycle.ticker.start()
    try {
      if (!task.wants(task.exchange.outcome)) {
        this.leave(task, 'cancelled')
        return
      }
      task.exchange.enter(task)
      if (channels.taskStart.hasSubscribers) channels.taskStart.publish({ exchange: task.exchange, task })
      const result = task.inContext(call)
      if (isThenable(result)) {
        this.follow(task, result)
        return
      }
    } catch (error) {
      this.fail(task, error)
      return
    }
    this.leave(task, 'completed')
  }

  private follow(task: Task, work: PromiseLike<unknown>): void {
    if (task.state === 'queued') task.state = 'running'
    try {
      settle(
        work,
        () => this.leave(task, 'completed'),
        (error) => this.fail(task, error),
      )
    } catch (error) {
      this.fail(task, error)
    }
  }

  private fail(task: Task, error: unknown): void {
    if (task.heeded(error)) {
      this.leave(task, 'cancelled')
      return
    }
    task.report(error)
    this.leave(task, 'failed', error)
  }

  /** A task has really settled. Its state stays what it was if it was final already. */
  private leave(task: Task, state: TaskState, error?: unknown): void {
    this.conclude(task, state)
    if (channels.taskEnd.hasSubscribers) channels.taskEnd.publish({ exchange: task.exchange, task, error })
    if (task.state === 'refused') return
    this.counts[task.state as keyof TaskCounts]++
    this.unsettled.remove(task)
    task.exchange.drop(task)
    this.lifecycle.changed()
  }

  private conclude(task: Task, state: TaskState): void {
    if (task.holdsPlace) {
      task.holdsPlace = false
      this.places++
      if (this.ready.size > 0) this.wake()
    }
    if (!task.isFinal) task.conclude(state)
  }
}

/** In the application's own async context: a turn serves many requests, and must not look like part of the one that asked for it. */
function takeTurn(scheduler: Scheduler, scope: AsyncResource): void {
  scope.runInAsyncScope(scheduler.turn, scheduler)
}

function call(task: Task): unknown {
  // Inside the task's own async scope, so it ends with it. It tells `after` how deep the caller is.
  if (task.exchange.lifecycle.options.context) storage.enterWith(task)
  return (task.run as TaskFunction)(task.exchange.outcome, task)
}
