/**
 * Plants every mutant in turn and requires the rule it names to go red: `pnpm mutants [PATTERN]`.
 * A rule that stays green could be deleted without anybody noticing. `pnpm mutants --check` runs nothing: it only says
 * which mutants no longer fit their source, or name what does not exist in it. `pnpm mutants --sample 12` plants a twelfth
 * of them, others with every commit.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { fetchRuntimes, runtimePath, versions } from '../../../scripts/runtimes.mjs'
import { mutants } from './index.js'
import type { Mutant } from './mutant.js'
import { strangers } from './names.js'
import { fits, plant, root, sources } from './plant.js'

// Frameworks stay outside of the bundles, which therefore lie inside the package that depends on them.
const external = ['compression', 'express-session', 'helmet', 'serve-static', '@fastify/compress', '@fastify/static', '@fastify/etag', 'express', 'express4', 'fastify', 'hono', '@hono/node-server', 'koa', '@koa/router', 'undici']
const folder = join(root, 'packages/conformance/.mutants', String(process.pid))
const sound = join(folder, 'sound.mjs')
const scenarios = join(root, 'packages/conformance/deploy/main.ts')

/** Says which mutants no longer fit their source, and which go red for a name only. */
function check(): never {
  const stale = mutants.filter((mutant) => !fits(mutant))
  for (const { id, file, find } of stale) console.log(`STALE   ${id}: ${file} does not contain exactly one: ${find}`)
  const unnamed = strangers(mutants.filter(fits))
  for (const { mutant, message } of unnamed) console.log(`STRANGE ${mutant.id}: ${mutant.file}: ${message}`)
  const failed = stale.length + unnamed.length
  console.log(`\n${mutants.length - failed} passed, ${failed} failed`)
  process.exit(failed > 0 ? 1 : 0)
}

async function bundle(name: string, plugins: Plugin[]): Promise<string> {
  const outfile = join(folder, `${name}.mjs`)
  const entryPoints = [join(root, 'packages/conformance/src/cli.ts')]
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" }
  await build({ entryPoints, banner, outfile, plugins, bundle: true, external, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' })
  return outfile
}

/** Rules about whole processes have a runner of their own, which plants the bug. */
const isDeploy = (rule: string) => rule.includes('DEP-')

/** Runs one rule on one server in a process of its own, and says whether it stayed green. */
async function isGreen(file: string, { rule, rig, node, id }: Mutant): Promise<{ green: boolean; output: string }> {
  const version = versions.find((each: string) => each.startsWith(`${node}.`))
  const binary = version === undefined ? process.execPath : runtimePath(version)
  const chosenRule = ['--only', `^${rule}$`]
  const deploy = ['--import', 'tsx', scenarios, ...chosenRule, '--server', rig, '--bug', file === sound ? '' : id]
  const child = spawn(binary, isDeploy(rule) ? deploy : [file, ...chosenRule, '--rig', rig], {
    cwd: root,
    env: { ...process.env, AFTERWORD_PATIENCE_MS: isDeploy(rule) ? '90000' : '6000' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (!/^\d+ passed, \d+ failed$/m.test(output) || /^0 passed, 0 failed$/m.test(output)) {
    return { green: true, output: `the rule did not run:\n${output}` }
  }
  return { green: code === 0, output }
}

/** Those that run on the same server and the same Node: without their bugs, one process can run all their rules. */
function byLane(all: readonly Mutant[]): Map<string, Mutant[]> {
  const lanes = new Map<string, Mutant[]>()
  for (const mutant of all) {
    const lane = `${mutant.rig} ${mutant.node} ${isDeploy(mutant.rule)}`
    lanes.set(lane, [...(lanes.get(lane) ?? []), mutant])
  }
  return lanes
}

async function inTwoLanes<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const queue = [...items.entries()]
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next[1], next[0])
  }
  await Promise.all([lane(), lane()])
}

/** One mutant in so many; which ones, the commit decides, so that a run can be repeated. */
function sample(oneIn: number): readonly Mutant[] {
  const { stdout: commit } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' })
  // Without a repository: the first part.
  const part = (Number.parseInt(commit?.slice(0, 8) ?? '', 16) || 0) % oneIn
  console.log(`part ${part} of ${oneIn}: mutants ${part}, ${part + oneIn}, ${part + 2 * oneIn} and so on, by the commit`)
  return mutants.filter((_mutant, index) => index % oneIn === part)
}

function matching(pattern: RegExp): readonly Mutant[] {
  return mutants.filter(({ id, rule, file }) => pattern.test(id) || pattern.test(rule) || pattern.test(file))
}

const [word = '', oneIn] = process.argv.slice(2)
if (word === '--check') check()
const chosen = word === '--sample' ? sample(Number(oneIn)) : matching(new RegExp(word))
if (chosen.some(({ node }) => node !== undefined)) fetchRuntimes()
mkdirSync(folder, { recursive: true })
let caught = 0
let missed = 0
try {
  // First without any bug: a rule that is red anyway would prove nothing.
  await bundle('sound', [sources])
  await inTwoLanes([...byLane(chosen).values()], async (lane) => {
    const all = { ...(lane[0] as Mutant), rule: `(${[...new Set(lane.map(({ rule }) => rule))].join('|')})` }
    const { green, output } = await isGreen(sound, all)
    if (green && !output.startsWith('the rule did not run')) return
    missed++
    console.log(`RED     on ${all.rig} without any mutant\n${output}`)
  })
  await inTwoLanes(chosen, async (mutant, index) => {
    // One that does not build plants nothing.
    const file = await bundle(`mutant-${index}`, [plant(mutant), sources]).catch((error: unknown) => error as Error)
    const { green, output } = file instanceof Error ? { green: true, output: String(file) } : await isGreen(file, mutant)
    if (green) missed++
    else caught++
    console.log(`${green ? 'MISSED ' : 'caught '} ${mutant.rule} ${mutant.rig.padEnd(12)} ${mutant.id}`)
    if (green) console.log(output)
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`\n${caught} passed, ${missed} failed`)
process.exit(missed > 0 || caught === 0 ? 1 : 0)
