import { median, quantileSorted } from 'simple-statistics'

/** How one variant compares with another in the same run. */
export interface Comparison {
  /** The id of the other variant. */
  readonly to: string
  /** Median of the per-pair ratios, with its 95% interval. */
  readonly ratio: number
  readonly low: number
  readonly high: number
  /** CPU time added per request in microseconds: median of the per-pair differences, with its 95% interval. */
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
const resamples = 1000

/** Numbers from 0 to 1 that are the same in every run, so that a report can be reproduced from its samples (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * A 95% interval for the median of grouped values: a bootstrap in two steps, first of the groups and then within them. The values of
 * one group share what is particular to its processes (where the code happens to lie is worth 1%), so a bootstrap over all values
 * would be far too sure. A bootstrap over few groups is still too sure; the factor is the usual correction for that.
 */
export function interval(groups: Samples, random = seededRandom(1)): { middle: number; low: number; high: number } {
  const middle = median(groups.flat())
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const medians = Array.from({ length: resamples }, () =>
    median(Array.from(groups, () => pick(groups)).flatMap((group) => group.map(() => pick(group)))),
  ).toSorted((a, b) => a - b)
  const amount = groups.length
  const widen = amount < 2 ? 1 : (Math.sqrt(amount / (amount - 1)) * (students[amount - 2] ?? 2.09)) / 1.96
  return {
    middle,
    low: middle - (middle - Math.min(middle, quantileSorted(medians, 0.025))) * widen,
    high: middle + (Math.max(middle, quantileSorted(medians, 0.975)) - middle) * widen,
  }
}

/** Compares two variants that were measured in the same rounds. */
export function compare(to: string, samples: Samples, base: Samples): Comparison {
  const pairs = (combine: (a: number, b: number) => number): number[][] =>
    samples.map((group, g) => group.map((value, round) => combine(value, base[g]?.[round] as number)))
  // On logarithms: twice as much and half as much are equally far from 1.
  const logarithm = interval(pairs((a, b) => Math.log(a / b)))
  const added = interval(pairs((a, b) => a - b))
  const total = (groups: Samples) => groups.flat().reduce((sum, value) => sum + value, 0)
  return {
    to,
    ratio: Math.exp(logarithm.middle),
    low: Math.exp(logarithm.low),
    high: Math.exp(logarithm.high),
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
