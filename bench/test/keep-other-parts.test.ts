import { describe, expect, it } from 'vitest'
import { keepOtherParts } from '../src/results.js'
import { results } from './results.js'

describe('keepOtherParts', () => {
  const { paired: _paired, scale, ...rest } = results
  const found = { ...rest, date: '2026-02-03T00:00:00.000Z', scale: { ...scale, drain: [] } } as unknown as typeof results

  it('takes what was measured, and what else an earlier run on the same version of Node found', () => {
    const kept = keepOtherParts(found, [{ ...results, node: '18.0.0' }, results])
    expect(kept.paired).toBe(results.paired)
    expect(kept.scale).toBe(found.scale)
    expect(kept.date).toBe(found.date)
  })

  it('takes nothing from another version of Node', () => {
    expect(keepOtherParts(found, [{ ...results, node: '18.0.0' }])).toEqual(found)
  })
})
