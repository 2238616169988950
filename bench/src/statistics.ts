import { mean, median, quantileSorted, sampleVariance, sum } from 'simple-statistics'

/** How one variant compares with another in the same run. */
export interface Comparison {
  /** The id of the other variant. */
  readonly to: string
  /** Per generation of processes the median of the per-pair ratios; of those the mean, with its 95% interval. */
  readonly ratio: number
  readonly low: number
  readonly high: number
  /** CPU time added per request in microseconds: the same of the per-pair differences. */
  readonly added: number
  readonly addedLow: number
  readonly addedHigh: number
  /** Total of one over total of the other: sees garbage collections that a median leaves out. A cross-check. */
  readonly ofTotals: number
}

/** CPU microseconds per request: one list per generation of processes, one number per round. */
export type Samples = readonly (readonly number[])[]

/** Student's t, 97.5%, by degrees of freedom from 1. */
const students = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.1, 2.09, 2.09]

/** How much groups differ from each other for no reason of their own: a standard deviation, and its degrees of freedom. */
export interface Spread {
  readonly deviation: number
  readonly freedom: number
}

function medianOf(group: readonly number[]): number {
  return median([...group])
}

/**
 * The spread between the groups of several comparisons, pooled: few groups say little about their spread, many comparisons more. They
 * share their base, so each counts for half a comparison.
 *
 * @throws {RangeError} for less than two groups: one says nothing about the others
 */
export function spreadOf(comparisons: readonly Samples[]): Spread {
  const freedoms = comparisons.map(({ length }) => length - 1)
  if (comparisons.length === 0 || Math.min(...freedoms) < 1) throw new RangeError('A spread needs two groups.')
  const squares = comparisons.map((groups, index) => sampleVariance(groups.map(medianOf)) * (freedoms[index] as number))
  const freedom = sum(freedoms)
  return { deviation: Math.sqrt(sum(squares) / freedom), freedom: Math.max(...freedoms, Math.ceil(freedom / 2)) }
}

/**
 * A 95% interval for grouped values. The values of one group share what is particular to its processes (where their code happens to lie
 * is worth 1%), so each group counts once, with its median, and the interval is Student's for those. Values by the thousand do not
 * make a run with few groups any surer than it is.
 */
export function interval(groups: Samples, { deviation, freedom } = spreadOf([groups])): { middle: number; low: number; high: number } {
  const middle = mean(groups.map(medianOf))
  const half = ((students[freedom - 1] ?? 2.09) * deviation) / Math.sqrt(groups.length)
  return { middle, low: middle - half, high: middle + half }
}

/** What one variant cost in each round, over another in the same round. On logarithms: twice as much and half as much are equally far from 1. */
export function logRatios(samples: Samples, base: Samples): number[][] {
  return inPairs(samples, base, (a, b) => Math.log(a / b))
}

function inPairs(samples: Samples, base: Samples, combine: (a: number, b: number) => number): number[][] {
  return samples.map((group, g) => group.map((value, round) => combine(value, base[g]?.[round] as number)))
}

/** Compares two variants that were measured in the same rounds. */
export function compare(to: string, samples: Samples, base: Samples, spread?: Spread): Comparison {
  const { middle, low, high } = interval(logRatios(samples, base), spread)
  const added = interval(inPairs(samples, base, (a, b) => a - b))
  const total = (groups: Samples) => sum(groups.flat())
  return {
    to,
    ratio: Math.exp(middle),
    low: Math.exp(low),
    high: Math.exp(high),
    added: added.middle,
    addedLow: added.low,
    addedHigh: added.high,
    ofTotals: total(samples) / total(base),
  }
}

/** How far the same server, measured twice, seems to differ from itself: what is below cannot be told from noise. */
export function floorOf({ low, high }: Pick<Comparison, 'low' | 'high'>): number {
  return Math.max(Math.abs(low - 1), Math.abs(high - 1))
}

/** Whether a difference is too small to be told from noise. */
export function isWithinNoise({ ratio }: Pick<Comparison, 'ratio'>, floor: number): boolean {
  return Math.abs(ratio - 1) < floor
}

/** A quantile of values in any order. */
export function quantileOf(values: readonly number[], share: number): number {
  return quantileSorted(values.toSorted((a, b) => a - b), share)
}
