import { samplePairs, type PairedPlan, type Progress } from '../instruments/paired.js'
import type { Scenario, Variant } from '../scenario.js'
import type { Theatre } from '../stage.js'
import { interval } from '../statistics.js'

/** What tasks cost when a request has many of them. */
export interface TaskRow {
  readonly kind: 'sync' | 'async'
  readonly tasks: number
  /** CPU microseconds added to a request over calling the function in the handler. */
  readonly addedPerRequest: number
  /** CPU nanoseconds per task over calling the function, with the 95% interval. The exchange itself is included. */
  readonly perTask: number
  readonly perTaskLow: number
  readonly perTaskHigh: number
}

/** Tasks per request. Each is next to what it is compared with, so that they are in one heat. */
const amounts = [1, 10, 100, 1000] as const

function variant(application: string, tasks: number): Variant {
  const scenario: Scenario = { id: application, title: application, kind: 'ours', tier: 1, calls: tasks }
  return { id: `node/${application}`, server: 'node', application, scenario, role: 'measured' }
}

/** Measures 1 to 1 000 tasks per request against calling the same function in the handler: the cost must stay linear. */
export async function measureTasks(theatre: Theatre, plan: PairedPlan, progress: Progress): Promise<TaskRow[]> {
  const cells = (['sync', 'async'] as const).flatMap((kind) => amounts.map((tasks) => ({ kind, tasks, suffix: kind === 'sync' ? '' : '-async' })))
  const variants = cells.flatMap(({ tasks, suffix }) => [variant(`after-${tasks}${suffix}`, tasks), variant(`call-${tasks}${suffix}`, tasks)])
  const { heats } = await samplePairs(theatre, variants, plan, progress)
  const samples = new Map(heats.flatMap((heat) => [...heat.samples]))
  return cells.map(({ kind, tasks, suffix }) => {
    const ours = samples.get(`node/after-${tasks}${suffix}`) as number[][]
    const calls = samples.get(`node/call-${tasks}${suffix}`) as number[][]
    const { middle, low, high } = interval(ours.map((group, g) => group.map((value, round) => value - (calls[g]?.[round] as number))))
    const each = (microseconds: number) => (microseconds * 1000) / tasks
    return { kind, tasks, addedPerRequest: middle, perTask: each(middle), perTaskLow: each(low), perTaskHigh: each(high) }
  })
}
