import { describe, expect, it } from 'vitest'
import { type Baseline, compareWithBaseline, gated, nextBaseline } from '../src/baseline.js'
import { countBetweenMarks } from '../src/instruments/exact.js'
import { scenarios } from '../src/scenario.js'

const at = (toBare: number) => gated.map((id) => ({ id, toBare }))
const baseline: Baseline = { node: '20.20.2', valgrind: '3.19.0', toBare: Object.fromEntries(gated.map((id) => [id, 1.05])), raised: [] }
const where = { node: '20.20.2', valgrind: '3.19.0', because: undefined, changelog: '# Changelog\n\n- Tasks carry a name.\n' }
const verdicts = (toBare: number, node = '20.20.2') => [...new Set(compareWithBaseline(at(toBare), baseline, node).map(({ verdict }) => verdict))]

describe('the regression gate', () => {
  it('watches five scenarios that exist', () => {
    expect(gated).toHaveLength(5)
    for (const id of gated) expect(scenarios.map((scenario) => `node/${scenario.id}`)).toContain(id)
  })

  it('allows 1% of a bare request, and says when something became cheaper', () => {
    expect(verdicts(1.05)).toEqual(['same'])
    expect(verdicts(1.0595)).toEqual(['same'])
    expect(verdicts(1.061)).toEqual(['dearer'])
    expect(verdicts(1.039)).toEqual(['cheaper'])
  })

  it('allows 2% on another patch release of Node', () => {
    expect(verdicts(1.065, '20.19.0')).toEqual(['same'])
    expect(verdicts(1.071, '20.19.0')).toEqual(['dearer'])
  })

  it('fails on a scenario that was not counted, or has no baseline', () => {
    expect(compareWithBaseline([], baseline, '20.20.2').every(({ verdict }) => verdict === 'dearer')).toBe(true)
    expect(compareWithBaseline(at(1), { ...baseline, toBare: {} }, '20.20.2').every(({ verdict }) => verdict === 'dearer')).toBe(true)
  })
})

describe('a new baseline', () => {
  it('may fall at any time', () => {
    expect(nextBaseline(at(1.02), baseline, where)).toMatchObject({ toBare: { 'node/idle': 1.02 }, raised: [] })
  })

  it('may rise only with a line of the changelog', () => {
    expect(() => nextBaseline(at(1.1), baseline, where)).toThrow('CHANGELOG.md')
    expect(() => nextBaseline(at(1.1), baseline, { ...where, because: '' })).toThrow('CHANGELOG.md')
    expect(() => nextBaseline(at(1.1), baseline, { ...where, because: 'not in there' })).toThrow('CHANGELOG.md')
    const because = '- Tasks carry a name.'
    expect(nextBaseline(at(1.1), baseline, { ...where, because })).toMatchObject({ toBare: { 'node/idle': 1.1 }, raised: [because] })
  })

  it('is whatever was counted when there is none', () => {
    expect(nextBaseline(at(1.3), undefined, where)).toMatchObject({ node: '20.20.2', raised: [] })
  })
})

describe('countBetweenMarks', () => {
  it('reads the counters between the two marks, per request', () => {
    expect(countBetweenMarks(['totals: 900\n', 'version: 1\ntotals: 5000\n'], 100)).toBe(50)
  })

  it('refuses a run without marks', () => {
    expect(() => countBetweenMarks(['totals: 900\n'], 100)).toThrow('marks')
  })
})
