import { describe, expect, it } from 'vitest'
import { besideOf, heatsOf } from '../src/heat.js'
import { baseOf, variantsOf } from '../src/scenario.js'

describe('heatsOf', () => {
  const variants = variantsOf(3, /./, true)
  const heats = heatsOf(variants)

  it('gives every variant one row', () => {
    expect(heats.flatMap(({ own }) => own.map(({ id }) => id)).toSorted()).toEqual(variants.map(({ id }) => id).toSorted())
  })

  it('has everything at hand that a variant is compared with', () => {
    for (const { own, all } of heats) {
      const ids = all.map(({ id }) => id)
      for (const variant of own) {
        for (const other of [baseOf(variant.server), `${variant.server}/bare`, ...besideOf(variant)]) expect(ids).toContain(other)
      }
    }
  })

  it('lets servers of one framework only meet, and not many', () => {
    for (const { all } of heats) {
      expect(new Set(all.map(({ server }) => server)).size).toBe(1)
      expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
      expect(all.length).toBeLessThanOrEqual(16)
    }
  })

  it('begins with what the quick run measures', () => {
    const [first] = heats.filter(({ all }) => all[0]?.server === 'node')
    const quick = variantsOf(1, /^node/, false).map(({ id }) => id)
    expect(first?.own.map(({ id }) => id)).toEqual(expect.arrayContaining(quick))
  })

  it('puts what promises are about into few heats, because those are measured most often', () => {
    const promised = heatsOf(variantsOf(3, /./, false)).filter(({ own }) => own.some(({ scenario }) => scenario.isPromised === true))
    expect(promised.length).toBeLessThanOrEqual(6)
  })

  it('measures a single variant with its base, or nothing at all', () => {
    expect(heatsOf([])).toEqual([])
    expect(heatsOf(variantsOf(3, /^node\/idle$/, false))).toHaveLength(1)
  })
})
