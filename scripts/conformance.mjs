// The rule table, server x Node version x rule: `pnpm conformance [--node 20,24] [--only PATTERN] [--rig NAME] [--json FILE]`.
// Runs the built packages; `pnpm build` first.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fetchRuntimes, runtimePath, versions } from './runtimes.mjs'

const { values: flags } = parseArgs({
  options: { node: { type: 'string' }, only: { type: 'string' }, rig: { type: 'string' }, json: { type: 'string' } },
})
const cli = fileURLToPath(new URL('../packages/conformance/dist/cli.js', import.meta.url))
if (!existsSync(cli)) throw new Error('The packages are not built: run `pnpm build` first.')

const own = process.versions.node
const major = (version) => version.split('.')[0]
const all = [own, ...versions.filter((version) => major(version) !== major(own))]
const lanes = all.filter((version) => flags.node === undefined || flags.node.split(',').includes(major(version)))
if (lanes.some((version) => version !== own)) fetchRuntimes()

const folder = mkdtempSync(join(tmpdir(), 'afterword-'))

/** Runs all rules on one Node version, in a process of its own. */
async function runLane(version) {
  const file = join(folder, `${version}.json`)
  const passOn = ['only', 'rig'].flatMap((name) => (flags[name] === undefined ? [] : [`--${name}`, flags[name]]))
  const child = spawn(version === own ? process.execPath : runtimePath(version), [cli, '--json', file, ...passOn], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  await new Promise((resolve) => child.once('close', resolve))
  if (!existsSync(file)) throw new Error(`Node ${version} did not get to the end:\n${output}`)
  const lane = JSON.parse(readFileSync(file, 'utf8'))
  if (lane.node !== version) throw new Error(`The lane of Node ${version} ran on ${lane.node}.`)
  return lane
}

// Two at a time: the rules mostly wait, and the machine has few cores.
const reports = []
const queue = [...lanes.entries()]
const worker = async () => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) reports[next[0]] = await runLane(next[1])
}
try {
  await Promise.all([worker(), worker()])
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const rigs = [...new Set(reports[0].results.map(({ rig }) => rig))]
const results = reports.flatMap(({ node, results: lane }) => lane.map((result) => ({ ...result, node })))
const cell = (rule, rig) => {
  const here = results.filter((result) => result.rule === rule && result.rig === rig)
  if (here.every(({ state }) => state === 'left out')) return '-'
  const failed = here.filter(({ state }) => state === 'failed').map(({ node }) => major(node))
  return failed.length === 0 ? 'ok' : `FAIL ${failed.join(' ')}`
}
console.log(`Node ${lanes.join(', ')}\n\n${'rule'.padEnd(9)}${rigs.map((rig) => rig.padEnd(13)).join('')}`)
for (const { id, title } of reports[0].rules) console.log(`${id.padEnd(9)}${rigs.map((rig) => cell(id, rig).padEnd(13)).join('')}${title}`)
for (const { node, rule, rig, state, detail } of results) if (state === 'failed') console.log(`\n${rule} on ${rig}, Node ${node}:\n${detail}`)

const leftOut = results.filter(({ state }) => state === 'left out')
const reasons = new Set(leftOut.map(({ rig, detail }) => `${rig}: ${detail}`))
console.log(`\nleft out (-), with the reason:\n  ${[...reasons].join('\n  ')}`)
if (flags.json !== undefined) writeFileSync(flags.json, JSON.stringify({ rules: reports[0].rules, results }, null, 2))
const count = (state) => results.filter((result) => result.state === state).length
console.log(`\n${count('passed')} passed, ${count('failed')} failed`)
process.exitCode = count('failed') > 0 || count('passed') === 0 ? 1 : 0
