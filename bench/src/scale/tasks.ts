import { type MeasuredHeat, samplePairs, type PairedPlan, type Progress } from '../instruments/paired.js'
import type { Scenario, Variant } from '../scenario.js'
import type { Theatre } from '../stage.js'
import { interval } from '../statistics.js'

/** What tasks cost when a request has many of them. */
export interface TaskRow {
  readonly kind: 'sync' | 'async'
  /** This library, or the least that could run them. */
  readonly by: 'ours' | 'the least'
  readonly tasks: number
  /** CPU microseconds added to a request over calling the function in the handler. */
  readonly addedPerRequest: number
  /** CPU nanoseconds per task over calling the function, with the 95% interval. The exchange itself is included. */
  readonly perTask: number
  readonly perTaskLow: number
  readonly perTaskHigh: number
}

const kinds = ['sync', 'async'] as const

/** Tasks per request. The first fill a heat, with the least and what they are compared with, so that nothing is started twice. */
const amounts = [100, 1, 10, 1000] as const
/** With so many at a time the least is measured beside ours. */
const amountOfLeast = 100

interface Cell {
  readonly kind: TaskRow['kind']
  readonly tasks: number
  readonly by: TaskRow['by']
}

function applicationOf({ kind, tasks, by }: Cell, doing = by === 'ours' ? 'after' : 'least'): string {
  return `${doing}-${tasks}${kind === 'sync' ? '' : '-async'}`
}

function variant(application: string, tasks: number, beside?: string): Variant {
  const scenario: Scenario = { id: application, title: application, kind: 'ours', tier: 1, calls: tasks, ...(beside !== undefined && { beside }) }
  return { id: `node/${application}`, server: 'node', application, scenario, role: 'measured' }
}

/**
 * Measures 1 to 1 000 tasks per request against calling the same function in the handler: the cost must stay linear. Beside a hundred of
 * them stands the least that could run as many.
 */
export async function measureTasks(theatre: Theatre, plan: PairedPlan, progress: Progress): Promise<TaskRow[]> {
  const cells = amounts.flatMap((tasks) =>
    kinds.flatMap((kind): Cell[] => [{ kind, tasks, by: 'ours' }, ...(tasks === amountOfLeast ? [{ kind, tasks, by: 'the least' } as const] : [])]),
  )
  const variants = cells.flatMap((cell) => {
    const call = applicationOf(cell, 'call')
    return [variant(applicationOf(cell), cell.tasks, call), ...(cell.by === 'ours' ? [variant(call, cell.tasks)] : [])]
  })
  const { heats } = await samplePairs(theatre, variants, plan, progress)
  const rows = cells.map((cell): TaskRow => {
    const [id, call] = [applicationOf(cell), applicationOf(cell, 'call')].map((name) => `node/${name}`) as [string, string]
    const { samples } = heats.find(({ own }) => own.some((each) => each.id === id)) as MeasuredHeat
    const [ours, theirs] = [samples.get(id), samples.get(call)] as [number[][], number[][]]
    const { middle, low, high } = interval(ours.map((group, g) => group.map((value, round) => value - (theirs[g]?.[round] as number))))
    const each = (microseconds: number) => (microseconds * 1000) / cell.tasks
    return { ...cell, addedPerRequest: middle, perTask: each(middle), perTaskLow: each(low), perTaskHigh: each(high) }
  })
  return rows.toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || a.tasks - b.tasks)
}
