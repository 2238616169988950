import type { ExactResults } from './instruments/exact.js'
import type { PairedResults, PairedRow } from './instruments/paired.js'
import type { ThroughputRow } from './instruments/throughput.js'
import type { Machine } from './machine.js'
import type { DrainRow } from './scale/drain.js'
import type { FairnessRow } from './scale/fairness.js'
import type { MemoryRow } from './scale/memory.js'
import type { TaskRow } from './scale/tasks.js'
import { type Comparison, isWithinNoise } from './statistics.js'

/** What the scale measurements found. */
export interface ScaleResults {
  readonly memory: readonly MemoryRow[]
  readonly drain: readonly DrainRow[]
  readonly tasks: readonly TaskRow[]
  readonly fairness: readonly FairnessRow[]
}

/** Everything that one run found on one version of Node. Parts that did not run are absent. */
export interface Results {
  /** ISO date. */
  readonly date: string
  readonly machine: Machine
  /** The version of Node that was measured. */
  readonly node: string
  /** Versions of the frameworks and peers. */
  readonly versions: Readonly<Record<string, string>>
  /** The commit that `--against` compared with. */
  readonly against?: string
  readonly seconds: number
  /** What did not run, and why. */
  readonly skipped: readonly string[]
  readonly paired?: PairedResults
  readonly throughput?: readonly ThroughputRow[]
  readonly exact?: ExactResults
  readonly scale?: ScaleResults
}

/** What a run of some parts found, and the other parts as an earlier run on the same version of Node found them. */
export function keepOtherParts(found: Results, earlier: readonly Results[]): Results {
  const { paired, throughput, exact, scale }: Partial<Results> = earlier.find(({ node }) => node === found.node) ?? {}
  return { ...(paired && { paired }), ...(throughput && { throughput }), ...(exact && { exact }), ...(scale && { scale }), ...found }
}

/** The comparison of a row with another variant, if they were measured together. */
export function comparisonTo(row: PairedRow, to: string): Comparison | undefined {
  return row.comparisons.find((comparison) => comparison.to === to)
}

/** The row of a variant, if it was measured. */
export function rowOf(results: Results, id: string): PairedRow | undefined {
  return results.paired?.rows.find((row) => row.id === id)
}

/** A ratio as every report shows it: `within noise` where it cannot be told from 1. */
export function showRatio(comparison: Comparison, floor: number): string {
  return isWithinNoise(comparison, floor) ? 'within noise' : comparison.ratio.toFixed(3)
}

/** An interval as every report shows it. */
export function showInterval({ low, high }: Pick<Comparison, 'low' | 'high'>): string {
  return `${low.toFixed(3)} to ${high.toFixed(3)}`
}

/** Added microseconds as every report shows them: nothing where the ratio cannot be told from 1. */
export function showAdded(comparison: Comparison, floor: number): string {
  const { added } = comparison
  return isWithinNoise(comparison, floor) ? '' : `${added < 0 ? '-' : '+'}${Math.abs(added).toFixed(2)} us`
}
