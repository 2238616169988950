import { type Member, Registry } from './registry.js'
import type { Task } from './task.js'

/** What tasks share that run one after another. */
export type TaskKey = string | number | bigint | symbol

/** The place of a task in the lane of its key. */
export class Stand implements Member<Stand> {
  previous: Stand | undefined = undefined
  following: Stand | undefined = undefined
  /** `undefined` until the task is released. */
  lane: Registry<Stand> | undefined = undefined
  readonly task: Task
  readonly key: TaskKey

  constructor(task: Task, key: TaskKey) {
    this.task = task
    this.key = key
  }
}

/**
 * Tasks that share a key, one after another: whoever stands first in a lane may start. A lane is there as long as somebody
 * stands in it, and who leaves it leaves nothing behind.
 */
export class Lanes {
  readonly byKey = new Map<TaskKey, Registry<Stand>>()

  /** Joins the end of the lane; says whether it is the first in it. */
  enter(stand: Stand): boolean {
    let lane = this.byKey.get(stand.key)
    if (lane === undefined) this.byKey.set(stand.key, (lane = new Registry()))
    stand.lane = lane
    lane.add(stand)
    return lane.oldest === stand
  }

  /** Leaves the lane, wherever in it; returns the task whose turn comes by that. */
  leave(stand: Stand): Task | undefined {
    const { lane, key } = stand
    if (lane === undefined) return undefined
    const wasFirst = lane.oldest === stand
    lane.remove(stand)
    if (lane.size === 0) this.byKey.delete(key)
    return wasFirst ? lane.oldest?.task : undefined
  }
}
