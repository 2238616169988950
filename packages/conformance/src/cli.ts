/**
 * Runs the rules on the servers of this repository, on the Node that runs it.
 *
 *     node dist/cli.js [--only PATTERN] [--rig NAME] [--json FILE]
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { rigs } from './rigs/index.js'
import { runTable } from './table.js'

const { values: flags } = parseArgs({
  options: { only: { type: 'string' }, rig: { type: 'string' }, json: { type: 'string' } },
})

const chosen = rigs.filter(({ name }) => flags.rig === undefined || flags.rig.split(',').includes(name))
const { rules, results, passed, failed } = await runTable(chosen, { only: new RegExp(flags.only ?? '') })
if (flags.json !== undefined) {
  const titles = rules.map(({ id, title }) => ({ id, title }))
  writeFileSync(flags.json, JSON.stringify({ node: process.versions.node, rules: titles, results }, null, 2))
}
// Whatever a broken rule left open must not keep the process.
process.exit(failed > 0 || passed === 0 ? 1 : 0)
