import type { ServerExchange } from './server-exchange.js'
import { Registry } from './registry.js'
import type { Task } from './task.js'

/** Every task that was accepted and has not settled. Each is in exactly one list, so the figures add up at any instant. */
export class Unsettled implements Iterable<Task> {
  /** Wait for their key, and then for a place. */
  readonly blocked = new Registry<Task>()
  /** Wait for a place. */
  readonly ready = new Registry<Task>()
  /** Came in beyond `maxQueued` with the policy `inline`, and wait for the next turn only. */
  readonly urgent = new Registry<Task>()
  /** Have started. Those that timed out or were cancelled since are still here. */
  readonly started = new Registry<Task>()
  /** How many that run are no longer `running`. */
  zombies = 0
  /** In the lists of their exchanges, whose end they wait for; a promise runs meanwhile. */
  private heldFunctions = 0
  private heldPromises = 0
  private readonly open: Iterable<ServerExchange>

  /** @param open the exchanges that may hold tasks */
  constructor(open: Iterable<ServerExchange>) {
    this.open = open
  }

  get size(): number {
    return this.queued + this.heldPromises + this.started.size
  }

  get queued(): number {
    return this.heldFunctions + this.blocked.size + this.ready.size + this.urgent.size
  }

  get running(): number {
    return this.heldPromises + this.started.size - this.zombies
  }

  /** The one that has waited longest after the end of its exchange. */
  get longestWaiting(): Task | undefined {
    const { blocked, ready } = this
    if (blocked.oldest === undefined || ready.oldest === undefined) return blocked.oldest ?? ready.oldest
    return blocked.oldest.since < ready.oldest.since ? blocked.oldest : ready.oldest
  }

  /** A queued task that waits for the end of the exchange that began first. */
  get oldestHeld(): Task | undefined {
    for (const { tasks } of this.open) for (const task of tasks?.waiting ?? []) if (task.state === 'queued') return task
    return undefined
  }

  /** Puts a task into the list of its exchange. */
  hold(task: Task, list: Registry<Task>): void {
    if (task.run === undefined) this.heldPromises++
    else this.heldFunctions++
    task.list = list
    list.add(task)
  }

  /** Puts a task from wherever it is to the end of a list. */
  move(task: Task, list: Registry<Task>, now: number): void {
    this.remove(task)
    task.since = now
    task.list = list
    list.add(task)
  }

  remove(task: Task): void {
    if (task.list === undefined) return
    task.list.remove(task)
    if (task.since > 0) return
    if (task.run === undefined) this.heldPromises--
    else this.heldFunctions--
  }

  *[Symbol.iterator](): Iterator<Task> {
    yield* this.started
    yield* this.urgent
    yield* this.ready
    yield* this.blocked
    for (const { tasks } of this.open) yield* tasks?.waiting ?? []
  }
}
