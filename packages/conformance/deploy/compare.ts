/** Stops the same application in several ways, keeps what each lost, and puts the table into docs/drain.md: `pnpm compare`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Child } from './child.js'
import { compare, contenders } from './comparison.js'
import { type Comparison, comparisonTable } from './comparison-table.js'
import { Workshop } from './workshop.js'

const kept = fileURLToPath(new URL('comparison.json', import.meta.url))
const guide = fileURLToPath(new URL('../../../docs/drain.md', import.meta.url))
const workshop = new Workshop()
const children: Child[] = []
try {
  await workshop.open()
  const results = []
  for (const contender of contenders) results.push(await compare(contender, (...args) => workshop.start(children, args)))
  const comparison: Comparison = { node: process.versions.node, results }
  writeFileSync(kept, `${JSON.stringify(comparison, null, 2)}\n`)
  const table = comparisonTable(comparison)
  const text = readFileSync(guide, 'utf8')
  writeFileSync(guide, text.replace(/(?<=<!-- compared -->\n)[\s\S]*?(?=\n<!-- \/compared -->)/, () => table))
  console.log(table)
} finally {
  await Promise.all(children.map((child) => child.kill()))
  workshop.close()
}
