import { describe, expect, it } from 'vitest'
import { compare, floorOf, interval, isWithinNoise, quantileOf, spreadOf } from '../src/statistics.js'

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Groups of values around a middle: every group is off by something, and every value in it by something more. */
function sample(middle: number, groupSpread: number, spread: number, seed: number, groups = 6, size = 10): number[][] {
  const random = seededRandom(seed)
  return Array.from({ length: groups }, () => {
    const shift = (random() - 0.5) * groupSpread
    return Array.from({ length: size }, () => middle + shift + (random() - 0.5) * spread)
  })
}

type Ends = Pick<ReturnType<typeof interval>, 'low' | 'high'>

function widthOf({ low, high }: Ends): number {
  return high - low
}

describe('interval', () => {
  it('is a point for values that are all the same', () => {
    expect(interval([[2, 2], [2, 2]])).toEqual({ middle: 2, low: 2, high: 2 })
  })

  it('contains the true middle about 95 times in 100, although the values of a group are alike', () => {
    const hits = Array.from({ length: 100 }, (_, seed) => interval(sample(1, 0.02, 0.02, seed + 1))).filter(({ low, high }) => low <= 1 && high >= 1)
    expect(hits.length).toBeGreaterThanOrEqual(88)
  }, 60_000)

  it('is wider for fewer groups', () => {
    const [few, many] = [3, 24].map((groups) => interval(sample(1, 0.02, 0.02, 7, groups))).map(({ low, high }) => high - low)
    expect(few).toBeGreaterThan(many as number)
  })

  it('contains its own middle', () => {
    for (let seed = 1; seed < 50; seed++) {
      const { low, middle, high } = interval(sample(1, 0.1, 0.01, seed, 3, 3))
      expect(low).toBeLessThanOrEqual(middle)
      expect(high).toBeGreaterThanOrEqual(middle)
    }
  })

  it('is not for a single group', () => {
    expect(() => interval([[1, 2, 3]])).toThrow(RangeError)
  })
})

describe('spreadOf', () => {
  it('makes two groups of many comparisons as sure as many groups of one', () => {
    const comparisons = Array.from({ length: 16 }, (_, seed) => sample(1, 0.02, 0.02, seed + 1, 2))
    const spread = spreadOf(comparisons)
    expect(spread.freedom).toBe(8)
    const hits = Array.from({ length: 100 }, (_, seed) => interval(sample(1, 0.02, 0.02, seed + 100, 2), spread))
    expect(hits.filter(({ low, high }) => low <= 1 && high >= 1).length).toBeGreaterThanOrEqual(88)
    expect(widthOf(hits[0] as Ends)).toBeLessThan(widthOf(interval(comparisons[0] as number[][])))
  })
})

describe('spreadOf, for comparisons that were not measured equally often', () => {
  it('believes those more that have more groups', () => {
    const calm = [[1], [1], [1], [1], [1], [1], [1], [1], [1]]
    const wild = [[0], [2]]
    expect(spreadOf([calm, wild]).deviation).toBeCloseTo(Math.sqrt(2 / 9))
    expect(spreadOf([calm, wild]).freedom).toBe(8)
    expect(() => spreadOf([calm, [[1]]])).toThrow(RangeError)
  })
})

describe('compare', () => {
  it('takes its ratios within pairs, so that what changes between rounds does not matter', () => {
    const base = [[10, 20, 40], [10, 30, 50]]
    const dearer = base.map((group) => group.map((value) => value * 1.1))
    const { ratio, low, high, ofTotals } = compare('bare', dearer, base)
    for (const each of [ratio, low, high, ofTotals]) expect(each).toBeCloseTo(1.1, 10)
  })

  it('says what is added per request', () => {
    const { added, addedLow, addedHigh } = compare('bare', [[12, 22], [32, 42]], [[10, 20], [30, 40]])
    expect([added, addedLow, addedHigh]).toEqual([2, 2, 2])
  })

  it('finds no difference between a variant and itself', () => {
    const values = sample(20, 1, 1, 5)
    expect(compare('bare', values, values)).toMatchObject({ ratio: 1, low: 1, high: 1, added: 0 })
  })
})

describe('the noise floor', () => {
  it('is the farther end of the A/A interval', () => {
    expect(floorOf({ low: 0.99, high: 1.003 })).toBeCloseTo(0.01)
    expect(floorOf({ low: 0.999, high: 1.02 })).toBeCloseTo(0.02)
  })

  it('hides what is smaller, in both directions', () => {
    expect(isWithinNoise({ ratio: 1.009 }, 0.01)).toBe(true)
    expect(isWithinNoise({ ratio: 0.991 }, 0.01)).toBe(true)
    expect(isWithinNoise({ ratio: 1.011 }, 0.01)).toBe(false)
    expect(isWithinNoise({ ratio: 0.985 }, 0.01)).toBe(false)
  })
})

describe('quantileOf', () => {
  it('takes values in any order and leaves them as they are', () => {
    const values = [5, 1, 4, 2, 3]
    expect(quantileOf(values, 0.5)).toBe(3)
    expect(values).toEqual([5, 1, 4, 2, 3])
  })
})
