import { LifecycleError } from './errors.js'
import type { ResolvedOptions } from './options.js'
import type { Task } from './task.js'

/** Why a task cannot be accepted, if it cannot. */
export function refusalOf(task: Task, isSealed: boolean, queued: number, options: ResolvedOptions): LifecycleError | undefined {
  const { maxDepth, maxQueued, overflow } = options
  if (isSealed) {
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
  const isFull = task.run !== undefined && queued >= maxQueued
  return isFull && overflow === 'refuse' ? queueIsFull(task, maxQueued) : undefined
}

/** Why a task was given up that was too many, or that made room for one. */
export function queueIsFull({ name }: Task, maxQueued: number): LifecycleError {
  return new LifecycleError(
    'ERR_LIFECYCLE_QUEUE_FULL',
    `The task ${name} was refused, because ${maxQueued} tasks were queued. Schedule less, make tasks faster, or raise maxQueued.`,
  )
}
