// The one test command: `pnpm test`, or `pnpm test <step>...` for some steps and what they need.
import { spawn } from 'node:child_process'
import { versions } from './runtimes.mjs'

// `needs`: steps that must have passed. `alone`: measures time or races sockets, so nothing else may run beside it.
const steps = [
  { name: 'lint', run: 'pnpm run lint' },
  { name: 'typecheck', run: 'pnpm run typecheck' },
  { name: 'runtimes', run: 'node scripts/runtimes.mjs' },
  { name: 'build', run: 'pnpm run build' },
  { name: 'packages', run: 'pnpm run check:packages', needs: ['build'] },
  { name: 'api', run: 'pnpm run check:api', needs: ['build'] },
  { name: 'site', run: 'pnpm run site' },
  { name: 'types', run: 'pnpm run check:types', needs: ['build'] },
  { name: 'packed', run: 'pnpm run test:packed', needs: ['build'] },
  { name: 'transcripts', run: 'pnpm run test:transcripts', needs: ['build'] },
  { name: 'next', run: 'node scripts/next.mjs' },
  { name: 'gate', run: 'pnpm --silent run bench --gate' },
  { name: 'unit', run: 'pnpm run test:unit', alone: true },
  { name: 'conformance', run: 'pnpm run conformance', needs: ['build', 'runtimes'], alone: true },
  { name: 'deploy', run: 'pnpm run test:deploy', alone: true },
  { name: 'soak', run: 'pnpm run soak --seconds 60', alone: true },
  // Every one of them is tried by the weekly workflow, and by `pnpm mutants`.
  { name: 'mutants', run: 'pnpm run mutants --check && pnpm run mutants --sample 12', needs: ['runtimes'], alone: true },
  ...versions.map((version) => ({
    name: `unit-${version.split('.')[0]}`,
    run: `pnpm run test:matrix ${version}`,
    needs: ['runtimes'],
    alone: true,
  })),
]

const slots = 2
const timeLimitMs = 30 * 60_000
const started = performance.now()
const groups = new Set()

/** Runs a command to its end, in a process group of its own, so that a step that hangs can be ended whole. */
function execute(command) {
  return new Promise((resolve) => {
    const child = spawn(command, { shell: true, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const collect = (chunk) => (output += chunk)
    child.stdout.setEncoding('utf8').on('data', collect)
    child.stderr.setEncoding('utf8').on('data', collect)
    groups.add(child.pid)
    const timer = setTimeout(() => {
      output += `\nstopped after ${timeLimitMs / 1000} s\n`
      endGroup(child.pid)
    }, timeLimitMs)
    child.on('close', (code) => {
      clearTimeout(timer)
      groups.delete(child.pid)
      resolve({ ok: code === 0, output })
    })
  })
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const pid of groups) endGroup(pid)
    process.exit(1)
  })
}

/** A step that ends with `N passed, N failed` is counted by that line, any other counts as one. */
function count({ ok, output }) {
  const tally = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1)
  if (!tally) return { passed: ok ? 1 : 0, failed: ok ? 0 : 1 }
  const [passed, failed] = [Number(tally[1]), Number(tally[2])]
  // Neither a crash after green tests nor a run that found no tests is a success.
  return { passed, failed: failed || (ok && passed > 0 ? 0 : 1) }
}

async function runStep(step) {
  const from = performance.now()
  const result = await execute(step.run)
  const { passed, failed } = count(result)
  const seconds = ((performance.now() - from) / 1000).toFixed(1)
  console.log(`${failed ? 'FAIL' : 'ok  '}  ${step.name.padEnd(12)} ${seconds.padStart(6)} s  ${passed} passed, ${failed} failed`)
  for (const line of result.output.match(/^(?:NOT RUN|skipped:).*$/gm) ?? []) console.log(`      ${line}`)
  if (failed) console.log(`\n${result.output.trim()}\n`)
  return { passed, failed }
}

function skipStep(step, failedNeed) {
  console.log(`FAIL  ${step.name.padEnd(12)}     not run, because ${failedNeed} failed`)
  return { passed: 0, failed: 1 }
}

function select(names) {
  const wanted = new Set()
  const add = (name) => {
    const step = steps.find((candidate) => candidate.name === name)
    if (!step) throw new Error(`There is no step '${name}', only: ${steps.map((each) => each.name).join(', ')}`)
    step.needs?.forEach(add)
    wanted.add(step)
  }
  names.forEach(add)
  return steps.filter((step) => wanted.has(step))
}

async function runAll(selected) {
  const waiting = new Set(selected)
  const running = new Map()
  const results = new Map()

  const start = async (step) => {
    const failedNeed = step.needs?.find((name) => results.get(name).failed)
    results.set(step.name, failedNeed ? skipStep(step, failedNeed) : await runStep(step))
    running.delete(step)
  }
  const fits = (step) => {
    if (step.alone) return running.size === 0
    return running.size < slots && [...running.keys()].every((each) => !each.alone)
  }

  while (waiting.size + running.size > 0) {
    for (const step of waiting) {
      if (!fits(step) || !(step.needs ?? []).every((name) => results.has(name))) continue
      waiting.delete(step)
      running.set(step, start(step))
    }
    await Promise.race(running.values())
  }
  return [...results.values()]
}

const names = process.argv.slice(2)
const results = await runAll(names.length > 0 ? select(names) : steps)
const sum = (key) => results.reduce((total, result) => total + result[key], 0)

console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s on Node ${process.versions.node}\n`)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = sum('failed') > 0 ? 1 : 0
