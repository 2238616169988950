import { Deadline, before } from './deadline.js'
import { LifecycleError } from './errors.js'
import type { Lifecycle } from './lifecycle.js'
import { type AbandonedTask, describeTask, type LostTask } from './report.js'
import type { Task } from './task.js'

/** Gives the application what the drain could not finish, as far as it can be kept elsewhere, and tells what became of each. */
export async function handOver(lifecycle: Lifecycle, abandoned: readonly Task[], ms: number): Promise<LostTask[]> {
  const now = performance.now()
  const described = abandoned.map((task) => ({ ...describeTask(task, now), handedOver: false }))
  const { onAbandoned } = lifecycle.options
  if (onAbandoned === undefined) return described
  const calls = abandoned.map(async (task, index) => {
    if (task.descriptor === undefined) return
    // Before it is handed over, or it might run in both places.
    if (task.state === 'queued') lifecycle.scheduler.cancel(task, handedOverError(task))
    const { handedOver: _, ...facts } = described[index] as LostTask
    try {
      await onAbandoned({ ...facts, descriptor: task.descriptor } satisfies AbandonedTask)
      ;(described[index] as { handedOver: boolean }).handedOver = true
    } catch (error) {
      task.exchange.report(error, 'subscriber', task.name)
    }
  })
  const slot = new Deadline(ms)
  await before(Promise.all(calls).then(() => {}), slot)
  slot.cancel()
  // What is taken after that comes too late for the report.
  return described.map((each) => ({ ...each }))
}

function handedOverError({ name }: Task): LifecycleError {
  return new LifecycleError('ERR_LIFECYCLE_DRAINING', `The drain could not finish ${name}, so it was given to onAbandoned.`)
}
