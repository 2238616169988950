/**
 * Runs the rules on the servers of this repository, on the Node that runs it.
 *
 *     node dist/cli.js [--only PATTERN] [--rig NAME] [--json FILE]
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { rigs } from './rigs/index.js'
import { rules } from './rules/index.js'
import { runRule, type Result } from './run.js'

const { values: flags } = parseArgs({
  options: { only: { type: 'string' }, rig: { type: 'string' }, json: { type: 'string' } },
})

const only = new RegExp(flags.only ?? '')
const chosenRules = rules.filter(({ id, title }) => only.test(id) || only.test(title))
const chosenRigs = rigs.filter(({ name }) => flags.rig === undefined || flags.rig.split(',').includes(name))
const marks: Record<Result['state'], string> = { passed: 'ok', failed: 'FAIL', 'left out': '-' }

const results: Result[] = []
console.log(`Node ${process.versions.node}\n\n${'rule'.padEnd(9)}${chosenRigs.map(({ name }) => name.padEnd(13)).join('')}`)
for (const rule of chosenRules) {
  const row: Result[] = []
  for (const rig of chosenRigs) row.push(await runRule(rule, rig))
  results.push(...row)
  console.log(`${rule.id.padEnd(9)}${row.map(({ state }) => marks[state].padEnd(13)).join('')}${rule.title}`)
}

for (const { rule, rig, state, detail } of results) if (state === 'failed') console.log(`\n${rule} on ${rig}:\n${detail}`)
const reasons = new Set(results.flatMap(({ rig, state, detail }) => (state === 'left out' ? [`${rig}: ${detail}`] : [])))
if (reasons.size > 0) console.log(`\nleft out (-):\n  ${[...reasons].join('\n  ')}`)
if (flags.json !== undefined) {
  writeFileSync(flags.json, JSON.stringify({ node: process.versions.node, rules: chosenRules.map(({ id, title }) => ({ id, title })), results }, null, 2))
}

const count = (state: Result['state']) => results.filter((result) => result.state === state).length
console.log(`\n${count('passed')} passed, ${count('failed')} failed`)
// Whatever a broken rule left open must not keep the process.
process.exit(count('failed') > 0 || count('passed') === 0 ? 1 : 0)
