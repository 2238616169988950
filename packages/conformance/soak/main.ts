/**
 * Thousands of exchanges with random endings on each server, over loopback, and the books that must balance:
 * `pnpm soak [--seconds 60] [--servers node,express,fastify,http2] [--seed N]`.
 */
import { parseArgs } from 'node:util'
import { servers, type ServerName } from './servers.js'
import { invariants, soak, type SoakResult } from './soak.js'

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    servers: { type: 'string', default: Object.keys(servers).join() },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
  },
})

const names = flags.servers.split(',') as ServerName[]
const seconds = Number(flags.seconds) / names.length
const seed = Number(flags.seed)
const unknown = names.filter((name) => !Object.hasOwn(servers, name))
if (unknown.length > 0 || !(seconds > 0) || !Number.isInteger(seed)) {
  console.error('Usage: pnpm soak [--seconds 60] [--servers node,express,fastify,http2] [--seed N]')
  process.exit(1)
}

function row(label: string, value: string | number): void {
  console.log(`  ${label.padEnd(34)}${String(value).padStart(10)}`)
}

/** Prints what became of one server; returns how many invariants it violated. */
function show({ name, halves, heapDelta, violationsOf }: SoakResult): number {
  const sum = (pick: (half: SoakResult['halves'][number]) => number): number => halves.reduce((total, half) => total + pick(half), 0)
  console.log(`\n${name}`)
  row('exchanges', sum(({ begun }) => begun))
  const endings = new Map<string, number>()
  for (const half of halves) for (const [ending, count] of half.endings) endings.set(ending, (endings.get(ending) ?? 0) + count)
  for (const [ending, count] of [...endings].toSorted(([, a], [, b]) => b - a)) row(`  ${ending}`, count)
  row('lost', sum(({ begun, finished, aborted }) => begun - finished - aborted))
  row('tasks scheduled', sum(({ scheduled }) => scheduled))
  row('  ran', sum(({ started, promises }) => started + promises))
  row('  not wanted', sum(({ unwanted }) => unwanted))
  row('  cancelled', sum(({ cancelled }) => cancelled))
  row('  failed, as planned', sum(({ failing }) => failing))
  row('heap, second half against first', `${(heapDelta / 1000).toFixed(0)} kB`)
  let failed = 0
  for (const invariant of invariants) {
    const violations = violationsOf(invariant)
    if (violations.length === 0) continue
    failed++
    console.log(`  VIOLATED ${violations.length} times: ${violations.slice(0, 3).join('\n    ')}`)
  }
  return failed
}

console.log(`Node ${process.versions.node}, ${seconds.toFixed(1)} s per server, seed ${seed}`)
if (globalThis.gc === undefined) throw new Error('The heap can only be measured with --expose-gc')
let failed = 0
for (const name of names) failed += show(await soak(name, seconds, seed))
console.log(`\n${names.length * invariants.length - failed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)
