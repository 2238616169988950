import { Registry } from './registry.js'
import type { Task } from './task.js'

/** The tasks of one exchange. Made with the first of them, and where the end is told: most exchanges have none. */
export class TaskBook {
  /** Those that wait for the end to be told. */
  readonly waiting = new Registry<Task>()
  /** Whether the end has been told, and its tasks may start. */
  isTold: boolean
  /** How many have not settled. */
  unsettled = 0
  /** Without the async context: how many tasks run at each depth. */
  private depths: number[] | undefined = undefined

  constructor(isTold: boolean) {
    this.isTold = isTold
  }

  /** How deep tasks run at the moment, as far as no async context tells. */
  get depth(): number {
    return this.depths?.length ?? 1
  }

  /** A task starts. */
  enter(task: Task): void {
    if (task.hasContext) return
    task.marksDepth = true
    this.depths ??= [0, 0]
    this.depths[task.depth] = (this.depths[task.depth] ?? 0) + 1
  }

  /** A task has settled. */
  leave(task: Task): void {
    this.unsettled--
    const { depths } = this
    if (depths === undefined || !task.marksDepth) return
    depths[task.depth] = (depths[task.depth] as number) - 1
    // The list ends with the deepest that runs.
    while (depths.length > 1 && !depths.at(-1)) depths.pop()
  }
}
