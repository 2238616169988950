/**
 * Stops processes with real signals, and looks at what was lost:
 * `pnpm test:deploy [--only PATTERN] [--server NAMES] [--node MAJOR]`. `--bug MUTANT` plants one first.
 */
import { parseArgs } from 'node:util'
import { mutants } from '../mutants/index.js'
import type { Child } from './child.js'
import type { Scenario, ServerName, Start } from './scenario.js'
import { scenarios } from './scenarios/index.js'
import { Workshop } from './workshop.js'

const { values: flags } = parseArgs({
  options: { only: { type: 'string' }, server: { type: 'string' }, node: { type: 'string' }, bug: { type: 'string' } },
})

/** A scenario that waits for something that never comes fails after this many ms. */
const patienceMs = Number(process.env['AFTERWORD_PATIENCE_MS'] ?? 120_000)

/** Scenarios at a time: most of them wait for most of their time. */
const lanes = 3

/** One line of the report. */
interface Run {
  readonly label: string
  readonly title: string
  run(start: Start): Promise<void>
}

const only = new RegExp(flags.only ?? '')
const wanted = (name: ServerName) => flags.server === undefined || flags.server.split(',').includes(name)
const workshop = new Workshop(flags.node, mutants.find(({ id }) => id === flags.bug))
let passed = 0
let failed = 0

/** Each server with us, and then without. */
function runsOf({ id, title, servers, run, control }: Scenario): Run[] {
  const runs = servers.filter(wanted).map((server) => ({ label: `${id} ${server}`, title, run: (start: Start) => run(server, start) }))
  // A bug shows with us; without us there is nothing to plant it in.
  if (flags.bug !== undefined) return runs
  return [
    ...runs,
    ...control.servers.filter(wanted).map((server) => ({
      label: `${id} ${server} without`,
      title: control.title,
      run: (start: Start) => control.run(server, start),
    })),
  ]
}

async function report({ label, title, run }: Run): Promise<void> {
  const startedAt = performance.now()
  const problem = await problemOf(run)
  if (problem === undefined) passed++
  else failed++
  const ms = Math.round(performance.now() - startedAt)
  console.log(`${problem === undefined ? 'ok  ' : 'FAIL'}  ${label.padEnd(24)} ${String(ms).padStart(6)} ms  ${title}`)
  if (problem !== undefined) console.log(problem)
}

/** Runs one scenario; none of its processes outlives it. */
async function problemOf(run: Run['run']): Promise<string | undefined> {
  const children: Child[] = []
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Nothing more happened within ${patienceMs} ms.`)), patienceMs)
  })
  try {
    await Promise.race([run((...args) => workshop.start(children, args)), late])
    return undefined
  } catch (error) {
    return [(error as Error).stack, ...children.map(({ told, stderr }) => `${JSON.stringify(told)}\n${stderr}`)].join('\n')
  } finally {
    clearTimeout(timer)
    await Promise.all(children.map((child) => child.kill()))
  }
}

try {
  await workshop.open()
  const queue = scenarios.filter(({ id, title }) => only.test(id) || only.test(title)).flatMap(runsOf)
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await report(next)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
} finally {
  workshop.close()
}
console.log(`\n${passed} passed, ${failed} failed`)
process.exit(failed > 0 || passed === 0 ? 1 : 0)
