import { median, quantileSorted } from 'simple-statistics'
import { Child } from '../child.js'
import type { Progress } from '../instruments/paired.js'
import type { Theatre } from '../stage.js'

/** What one task costs, by how many a request has. */
export interface CostRow {
  readonly node: string
  readonly scheduler: string
  readonly tasks: number
  readonly timed: boolean
  /** CPU nanoseconds per task over calling the function in the handler: the median of the generations of processes, the least and the most. */
  readonly nanoseconds: number
  readonly low: number
  readonly high: number
  /** Heap of a queued task. */
  readonly bytes: number
}

/** What is measured together, on one version of Node. */
export interface CostPlan {
  readonly schedulers: readonly string[]
  readonly amounts: readonly number[]
  readonly timed: readonly boolean[]
  readonly generations: number
  readonly rounds: number
}

/** Tasks per slice, roughly: slices of all schedulers take turns, so that whatever else the machine does hits all of them. */
const tasksPerSlice = 10_000
const requestsPerSlice = 1000

async function samplesOf({ node, folder, cores }: Theatre, schedulers: readonly string[], tasks: number, timed: boolean, rounds: number) {
  const requests = Math.max(Math.min(requestsPerSlice, tasksPerSlice / tasks), 50)
  const children = schedulers.map((scheduler) =>
    Child.start({ folder, name: 'cost', args: [scheduler, String(tasks), String(timed)], node, core: 'server', cores }),
  )
  try {
    await Promise.all(children.map((child) => child.next()))
    const found = schedulers.map((): number[] => [])
    // The first rounds are for the compiler.
    for (let round = -4; round < rounds; round++) {
      const order = [...children.keys()]
      for (const index of round % 2 === 0 ? order : order.toReversed()) {
        const microseconds = await (children[index] as Child).ask<number>(requests)
        if (round >= 0) (found[index] as number[]).push((microseconds * 1000) / requests)
      }
    }
    return found
  } finally {
    await Promise.all(children.map((child) => child.stop()))
  }
}

async function bytesOf({ node, folder }: Theatre, scheduler: string, tasks: number, timed: boolean): Promise<number> {
  const child = Child.start({ folder, name: 'cost', args: [scheduler, String(tasks), String(timed), 'queued'], node, flags: ['--expose-gc'] })
  try {
    await child.next()
    return await child.ask<number>('bytes')
  } finally {
    await child.stop()
  }
}

/** What else the machine does only ever adds, through caches and cores that are shared: the lower quarter has the least of it. */
function quiet(samples: readonly number[]): number {
  return quantileSorted(samples.toSorted((a, b) => a - b), 0.25)
}

/** Measures what tasks cost, beside the queues that one would use without this library. */
export async function measureCost(theatre: Theatre, version: string, plan: CostPlan, progress: Progress): Promise<CostRow[]> {
  const rows: CostRow[] = []
  const cells = plan.amounts.flatMap((tasks) => plan.timed.map((timed) => ({ tasks, timed })))
  for (const [at, { tasks, timed }] of cells.entries()) {
    progress(at / cells.length, `Node ${version}: ${tasks} tasks per request${timed ? ', with a timeout' : ''}`)
    const over = plan.schedulers.map((): number[] => [])
    for (let generation = 0; generation < plan.generations; generation++) {
      const [calls = 0, ...found] = (await samplesOf(theatre, ['call', ...plan.schedulers], tasks, timed, plan.rounds)).map(quiet)
      for (const [index, each] of found.entries()) over[index]?.push((each - calls) / tasks)
    }
    for (const [index, scheduler] of plan.schedulers.entries()) {
      const sorted = (over[index] as number[]).toSorted((a, b) => a - b)
      const bytes = await bytesOf(theatre, scheduler, tasks, timed)
      rows.push({ node: version, scheduler, tasks, timed, nanoseconds: median(sorted), low: sorted[0] as number, high: sorted.at(-1) as number, bytes })
    }
  }
  return rows
}
