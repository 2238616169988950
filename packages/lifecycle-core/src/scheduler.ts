import type { AsyncResource } from 'node:async_hooks'
import { channels } from './channels.js'
import { storage } from './context.js'
import { LifecycleError } from './errors.js'
import type { ServerExchange } from './server-exchange.js'
import { Lanes } from './lane.js'
import type { Lifecycle } from './lifecycle.js'
import { queueIsFull, refusalOf } from './refusal.js'
import { Ring } from './ring.js'
import { isThenable, settle } from './sink.js'
import type { TaskCounts } from './stats.js'
import { Task, type TaskFunction, type TaskOptions, type TaskState } from './task.js'
import { Terms } from './terms.js'
import { Unsettled } from './unsettled.js'

/** Ms of after-work in one turn of the event loop; then I/O comes first again. */
const turnMs = 1

/** How many tasks may start between two looks at the clock, as long as they are short. */
const mostTasksPerLook = 8
/** What may have passed between two looks, in ms, for the next to be further away. */
const shortMs = turnMs / 16
/** How many ends are told between two looks at the clock. */
const endsPerLook = 8

/** Starts tasks after the end of their exchange, in turns of their own, and keeps count of them until they settle. */
export class Scheduler {
  readonly unsettled: Unsettled
  readonly counts: TaskCounts = { scheduled: 0, completed: 0, failed: 0, 'timed-out': 0, cancelled: 0, refused: 0 }
  /** After the drain: every further task is refused. */
  sealed = false
  private readonly lifecycle: Lifecycle
  private readonly ended = new Ring<ServerExchange>()
  readonly lanes = new Lanes()
  /** Those of every task that was scheduled without options. */
  readonly plainTerms: Terms
  private places: number
  private awake = false

  constructor(lifecycle: Lifecycle) {
    this.lifecycle = lifecycle
    this.unsettled = new Unsettled(lifecycle.open)
    this.places = lifecycle.options.concurrency
    this.plainTerms = new Terms({}, lifecycle.options.taskTimeout)
  }

  /** Takes a task from an exchange in any phase. A refused one is reported, and comes back as such. */
  schedule(exchange: ServerExchange, work: TaskFunction | PromiseLike<unknown>, options: TaskOptions | undefined): Task {
    const run = typeof work === 'function' ? work : undefined
    const task = new Task(exchange, run, exchange.depthOfNextTask(), options)
    this.counts.scheduled++
    const refusal = refusalOf(task, this.sealed, this.unsettled.queued, this.lifecycle.options)
    if (refusal === undefined) this.accept(task)
    else {
      task.conclude('refused')
      this.counts.refused++
      this.tellRefused(task, refusal)
    }
    if (run === undefined) this.follow(task, work as PromiseLike<unknown>)
    return task
  }

  private accept(task: Task): void {
    if (task.run === undefined) {
      // It runs already, and waits for nothing.
      task.state = 'running'
      task.exchange.hold(task)
      return
    }
    const { maxQueued, overflow } = this.lifecycle.options
    const { unsettled } = this
    const isFull = unsettled.queued >= maxQueued
    if (isFull && overflow === 'inline') task.place = 'none needed'
    const oldest = isFull && overflow === 'drop-oldest' ? (unsettled.longestWaiting ?? unsettled.oldestHeld) : undefined
    task.exchange.hold(task)
    if (oldest === undefined) return
    // After that: whoever is told of it may schedule more, and must find the queue full.
    this.leave(oldest, 'refused')
    this.tellRefused(oldest, queueIsFull(oldest, maxQueued))
  }

  private tellRefused(task: Task, refusal: LifecycleError): void {
    task.exchange.report(refusal, 'task', task.name)
    this.lifecycle.tellRefused(task, refusal)
  }

  /** An exchange has ended and somebody is to be told, in a later turn. */
  tell(exchange: ServerExchange): void {
    this.ended.push(exchange)
    this.wake()
  }

  /** The exchange of this task has ended: it may start as soon as its key and a place are free. */
  release(task: Task, now: number): void {
    if (task.run === undefined) {
      this.unsettled.move(task, this.unsettled.started, now)
      if (task.timeout < Infinity) this.lifecycle.ticker.start()
    } else if (task.stand === undefined || this.lanes.enter(task.stand)) this.makeReady(task, now)
    else this.unsettled.move(task, this.unsettled.blocked, now)
  }

  private makeReady(task: Task, now: number): void {
    const { urgent, ready } = this.unsettled
    this.unsettled.move(task, task.place === 'none needed' ? urgent : ready, now)
    this.wake()
  }

  /** Gives up a task: out of the queue if it is there, by its signal if it runs. */
  cancel(task: Task, reason: LifecycleError): void {
    // First the state: what listens to the signal may cancel again.
    if (task.state === 'queued') this.leave(task, 'cancelled')
    else this.overtake(task, 'cancelled')
    task.abort(reason)
  }

  /** Marks what has run too long; says whether anything is left to watch. */
  expire(now: number): boolean {
    let watching = false
    let due: Task[] | undefined
    for (const task of this.unsettled.started) {
      if (task.state !== 'running') continue
      if (now - task.since >= task.timeout) (due ??= []).push(task)
      else watching ||= task.timeout < Infinity
    }
    // Not inside the loop above: what is called here may cancel other tasks.
    for (const task of due ?? []) this.timeOut(task)
    return watching
  }

  private timeOut(task: Task): void {
    if (task.isFinal) return
    this.overtake(task, 'timed-out')
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

  /**
   * One turn: first tell of the ends, then start what may start, until the turn's time is used up. Looking at the clock takes
   * as long as many a task, so it is done behind the first task, and then, as long as they are short, behind ever more of them.
   */
  turn(): void {
    this.awake = false
    let now = this.lifecycle.now()
    const until = now + turnMs
    let tasksPerLook = 1
    let tasks = 0
    let ends = 0
    while (now < until) {
      const exchange = this.ended.shift()
      const task = exchange === undefined ? this.nextTask : undefined
      if (exchange !== undefined) {
        exchange.tell(now)
        ends++
      } else if (task === undefined) {
        this.look(now)
        return
      } else {
        this.start(task, now)
        tasks++
      }
      if ((tasks < tasksPerLook && ends < endsPerLook) || !this.hasWork) continue
      const before = now
      now = this.look(now) ?? this.lifecycle.now()
      tasksPerLook = now - before > shortMs ? 1 : Math.min(tasksPerLook * 2, mostTasksPerLook)
      tasks = ends = 0
    }
    const { urgent } = this.unsettled
    // That these do not yield to I/O slows down whoever brings more: it is what `inline` is for.
    for (let left = urgent.size; left > 0 && urgent.oldest !== undefined; left--) this.start(urgent.oldest, this.lifecycle.now())
    if (this.hasWork) this.wake()
  }

  /**
   * What has started since the last look at the clock, and still runs, counts from this one: a deadline may be met late,
   * but never early. Nothing is looked at where nothing runs.
   */
  private look(last: number): number | undefined {
    let now: number | undefined
    // What has a later time is a promise that one of them brought.
    for (let task = this.unsettled.started.newest; task !== undefined && task.since >= last; task = task.previous) {
      if (task.since === last) task.since = now ??= this.lifecycle.now()
    }
    return now
  }

  private get hasWork(): boolean {
    return this.ended.size > 0 || this.nextTask !== undefined
  }

  /** The one that may start now. */
  private get nextTask(): Task | undefined {
    return this.unsettled.urgent.oldest ?? (this.places > 0 ? this.unsettled.ready.oldest : undefined)
  }

  private start(task: Task, now: number): void {
    this.unsettled.move(task, this.unsettled.started, now)
    task.state = 'running'
    if (task.place === 'none') {
      task.place = 'taken'
      this.places--
    }
    if (task.timeout < Infinity) this.lifecycle.ticker.start()
    try {
      if (!task.wants(task.exchange.outcome)) {
        this.leave(task, 'cancelled')
        return
      }
      task.exchange.tasks?.enter(task)
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

  /** A task that runs reaches a final state. It is counted, and holds its key, until it really settles. */
  private overtake(task: Task, state: TaskState): void {
    this.unsettled.zombies++
    this.giveBack(task)
    task.conclude(state)
  }

  /** A task has really settled. Its state stays what it was if it was final already. */
  private leave(task: Task, state: TaskState, error?: unknown): void {
    const { unsettled, lanes, lifecycle } = this
    // A refused promise was never in.
    const wasIn = task.state !== 'refused'
    if (wasIn) {
      unsettled.remove(task)
      if (task.isFinal) unsettled.zombies--
      else {
        this.giveBack(task)
        task.conclude(state)
      }
      this.counts[task.state as keyof TaskCounts]++
    }
    if (channels.taskEnd.hasSubscribers) channels.taskEnd.publish({ exchange: task.exchange, task, error })
    if (!wasIn) return
    const next = task.stand && lanes.leave(task.stand)
    if (next !== undefined) this.makeReady(next, lifecycle.now())
    task.exchange.drop(task)
    lifecycle.changed()
  }

  private giveBack(task: Task): void {
    if (task.place !== 'taken') return
    task.place = 'none'
    this.places++
    if (this.unsettled.ready.size > 0) this.wake()
  }
}

/** In the application's own async context: a turn serves many requests, and must not look like part of the one that asked for it. */
function takeTurn(scheduler: Scheduler, scope: AsyncResource): void {
  scope.runInAsyncScope(scheduler.turn, scheduler)
}

function call(task: Task): unknown {
  // Inside the task's own async scope, so it ends with it. It tells `after` how deep the caller is.
  if (task.hasContext) storage.enterWith(task)
  return (task.run as TaskFunction)(task.exchange.outcome, task)
}
