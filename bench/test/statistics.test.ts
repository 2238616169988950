import { describe, expect, it } from 'vitest'
import { compare, floorOf, interval, isWithinNoise, quantileOf, seededRandom } from '../src/statistics.js'

/** Groups of values around a middle: every group is off by something, and every value in it by something more. */
function sample(middle: number, groupSpread: number, spread: number, seed: number, groups = 6, size = 10): number[][] {
  const random = seededRandom(seed)
  return Array.from({ length: groups }, () => {
    const shift = (random() - 0.5) * groupSpread
    return Array.from({ length: size }, () => middle + shift + (random() - 0.5) * spread)
  })
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

  it('is the same for the same values', () => {
    const values = sample(5, 1, 1, 3)
    expect(interval(values)).toEqual(interval(values))
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
