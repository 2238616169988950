import { describe, expect, it } from 'vitest'
import { baseOf, scenarios, variantsOf } from '../src/scenario.js'
import { serverNames } from '../src/servers/application.js'
import { applicationsOf } from '../src/servers/index.js'

const all = variantsOf(3, /(?:)/, false)

describe('the scenario table', () => {
  it('has unique ids', () => {
    expect(new Set(scenarios.map(({ id }) => id)).size).toBe(scenarios.length)
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  })

  it.each(serverNames)('has an application for everything it measures on %s', async (server) => {
    const applications = await applicationsOf(server)
    const missing = all.filter((variant) => variant.server === server && applications[variant.application] === undefined)
    expect(missing.map(({ id }) => id)).toEqual([])
  })

  it('compares only with what exists', () => {
    for (const { beside } of scenarios) if (beside !== undefined) expect(scenarios.map(({ id }) => id)).toContain(beside)
  })
})

function ids(...args: Parameters<typeof variantsOf>): string[] {
  return variantsOf(...args).map(({ id }) => id)
}

describe('variantsOf', () => {
  it('measures the base twice and the bare server, whatever is asked for', () => {
    expect(ids(1, /^express\/idle$/, false)).toEqual(['express/bare', 'express/noop', 'express/noop again', 'express/idle'])
    expect(ids(1, /^node\/idle$/, false)).toEqual(['node/bare', 'node/bare again', 'node/idle'])
  })

  it('brings along what a row is compared with', () => {
    expect(ids(2, /^node\/idle-ambient$/, false)).toContain('node/als-run')
  })

  it('looks in every tier for a pattern that matches nothing below', () => {
    expect(ids(1, /^node\/morgan$/, false)).toContain('node/morgan')
    expect(ids(1, /^node\//, false)).not.toContain('node/morgan')
  })

  it('measures our own scenarios once more against another commit', () => {
    const others = variantsOf(1, /(?:)/, true).filter(({ role }) => role === 'other')
    expect(others.length).toBeGreaterThan(0)
    expect(others.every(({ scenario }) => scenario.kind === 'ours')).toBe(true)
  })

  it('has a base and a control on every server', () => {
    for (const server of serverNames) {
      expect(ids(1, /(?:)/, false)).toContain(baseOf(server))
      expect(ids(1, /(?:)/, false)).toContain(`${baseOf(server)} again`)
    }
  })
})
