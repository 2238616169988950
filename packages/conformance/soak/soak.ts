import { Dice } from './dice.js'
import { handle } from './handler.js'
import { visitHttp1 } from './http1.js'
import { visitHttp2 } from './http2.js'
import { Ledger, type Totals } from './ledger.js'
import { servers, type ServerName, type Soaked } from './servers.js'
import { turns } from './turn.js'

/** Connections at a time; over HTTP/2 each has several streams. */
const lanes = 96
const lanesHttp2 = 24
const exchangeTimeoutMs = 1000
/** What has not come to its end so long after the last request never will. */
const patienceMs = 20_000
/** Heap that a half may keep more than the one before it: caches, compiled code, counters. */
const noiseBytes = 2_000_000

export const invariants = [
  'begun = finished + aborted', 'none ended twice', 'none open', 'told the truth', 'tasks run = tasks scheduled', 'every failing task reported once',
  'no stray error or warning', 'heap flat', 'clean drain',
] as const

/** What became of one server. */
export interface SoakResult {
  readonly name: ServerName
  readonly halves: readonly Totals[]
  readonly heapDelta: number
  violationsOf(invariant: string): string[]
}

/** Loads one server for so many seconds, in two halves after a warm-up, and checks the books after each. */
export async function soak(name: ServerName, seconds: number, seed: number): Promise<SoakResult> {
  const ledger = new Ledger()
  const stray = (error: unknown): void => ledger.violate('no stray error or warning', String((error as Error | undefined)?.stack ?? error))
  const events = ['uncaughtException', 'unhandledRejection', 'warning'] as const
  for (const event of events) process.on(event, stray)
  const soaked = await servers[name]({
    exchangeTimeout: exchangeTimeoutMs,
    onOutcome: (outcome, exchange) => ledger.end(outcome, exchange),
    onError: (error, fault) => ledger.fault(error, fault),
  }, (call) => handle(call, ledger))
  // Before the library sees it, and without its help.
  soaked.server.prependListener('request', ({ url }: { url?: string }) => ledger.begin(url))
  const dice = new Dice(seed)
  const visit = name === 'http2' ? visitHttp2 : visitHttp1
  const load = async (ms: number): Promise<{ totals: Totals; heap: number }> => {
    const until = performance.now() + ms
    const lane = async (): Promise<void> => {
      while (performance.now() < until) await visit(soaked.port, dice, ledger)
    }
    await orLate(Promise.all(Array.from({ length: name === 'http2' ? lanesHttp2 : lanes }, lane)), () => {
      ledger.violate('none open', `clients still wait: ${ledger.takeWaiting().join('\n    ')}`)
    })
    await orLate(soaked.lifecycle.idle(), () => ledger.violate('none open', 'the lifecycle is not idle'))
    // A late task comes a few turns after all is idle.
    await turns(10)
    await soaked.lifecycle.idle()
    const totals = ledger.close(soaked.lifecycle)
    return { totals, heap: await heapUsed() }
  }
  const warmup = await load(seconds * 200)
  const first = await load(seconds * 400)
  const second = await load(seconds * 400)
  const heapDelta = second.heap - first.heap
  if (heapDelta > noiseBytes) ledger.violate('heap flat', `${heapDelta} bytes more after the second half`)
  await drain(soaked, ledger)
  await turns(2)
  for (const event of events) process.off(event, stray)
  return { name, halves: [warmup.totals, first.totals, second.totals], heapDelta, violationsOf: (invariant) => ledger.violationsOf(invariant) }
}

async function drain({ lifecycle, server }: Soaked, ledger: Ledger): Promise<void> {
  const report = await lifecycle.drain({ server, timeout: patienceMs })
  if (!report.clean) ledger.violate('clean drain', JSON.stringify(report))
}

/** The heap once it does not shrink any more. */
async function heapUsed(): Promise<number> {
  let least = Infinity
  for (let round = 0; round < 12; round++) {
    await turns(3)
    globalThis.gc?.()
    least = Math.min(least, process.memoryUsage().heapUsed)
  }
  return least
}

async function orLate(work: Promise<unknown>, late: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([work, new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      late()
      resolve()
    }, patienceMs)
  })])
  clearTimeout(timer)
}
