import type { TaskCondition, TaskOptions } from './task.js'

/** What was asked for with a task. One of these serves all tasks that ask for nothing, and there may be very many. */
export class Terms {
  readonly name: string | undefined
  readonly when: TaskCondition | undefined
  readonly descriptor: unknown
  readonly timeout: number

  constructor({ name, when, descriptor, timeout }: TaskOptions, defaultTimeout: number) {
    this.name = name
    this.when = when
    this.descriptor = descriptor
    this.timeout = timeout ?? defaultTimeout
  }
}
