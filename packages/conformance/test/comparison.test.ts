import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { downloadBytes } from '../deploy/comparison.js'
import { type Comparison, comparisonTable } from '../deploy/comparison-table.js'
import { page, root } from './page.js'

const guide = page('docs/drain.md').text
const comparison = JSON.parse(readFileSync(join(root, 'packages/conformance/deploy/comparison.json'), 'utf8')) as Comparison
const ours = ({ name }: { name: string }) => name.startsWith('Afterword')

describe('the comparison in docs/drain.md', () => {
  it('is what was measured', () => {
    expect(/(?<=<!-- compared -->\n)[\s\S]*?(?=\n<!-- \/compared -->)/.exec(guide)?.[0]).toBe(comparisonTable(comparison))
  })

  it('shows that a drain loses nothing, and names what is stuck', () => {
    const results = comparison.results.filter(ours)
    expect(results).toHaveLength(2)
    for (const { load, download, stuck } of results) {
      expect([load.answered, load.worked, load.exit]).toEqual([load.accepted, load.accepted, 0])
      expect(download).toEqual({ bytes: downloadBytes, exit: 0 })
      expect(stuck).toEqual({ named: ['/stuck', '/events', 'a stuck mail'], exit: 1 })
    }
  })

  it('shows that the others lose work and say nothing', () => {
    const others = comparison.results.filter((each) => !ours(each))
    expect(others).toHaveLength(3)
    for (const { load, stuck } of others) {
      expect(load.worked).toBeLessThan(load.answered)
      expect([load.exit, stuck.named]).toEqual([0, []])
    }
  })
})
