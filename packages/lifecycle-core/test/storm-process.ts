/**
 * 100 000 tasks of every kind that has ever broken a scheduler, in a random order that the seed decides: `storm-process.ts SEED`. Prints as JSON
 * what became of them, and whatever reached the process.
 */
import type { ServerExchange } from '../src/server-exchange.js'
import type { LifecycleOptions } from '../src/options.js'
import type { TaskFunction, TaskHandle, TaskOptions } from '../src/task.js'
import { TestLifecycle } from './fake-binding.js'
import { turns } from './turn.js'

const strays: string[] = []
for (const event of ['unhandledRejection', 'uncaughtException', 'warning'] as const) {
  process.on(event, (error: unknown) => strays.push(`${event}: ${String((error as Error | undefined)?.stack)}`))
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const seed = Number(process.argv[2])
const random = seeded(seed)
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T

const boom = (): never => {
  throw new Error('boom')
}
const never = (): Promise<void> => new Promise(() => {})
const soon = async (): Promise<void> => turns(1 + Math.floor(random() * 3))
const hostile = new Proxy(() => {}, { get: boom, getPrototypeOf: boom, has: boom, ownKeys: boom })
/** An error that throws wherever one looks. */
const trapped = Object.defineProperties(new Error('trapped'), Object.fromEntries(['stack', 'message', 'cause', 'name', 'code'].map((name) => [name, { get: boom }])))
const heed: TaskFunction = (_outcome, { signal }) => new Promise((_resolve, reject) => {
  signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
})

interface Kind {
  readonly work: () => TaskFunction | PromiseLike<unknown>
  readonly options?: TaskOptions
  /** What its handle is used for. */
  readonly use?: (handle: TaskHandle) => unknown
  /** It never settles, so nothing may wait for it. */
  readonly endless?: true
}

const kinds: readonly Kind[] = [
  { work: () => () => 1 },
  { work: () => soon },
  { work: () => boom },
  { work: () => () => { throw undefined } },
  { work: () => () => { throw 'boom' } },
  { work: () => () => { throw hostile } },
  { work: () => () => { throw trapped } },
  { work: () => () => { throw Object.create(null) } },
  { work: () => async () => boom() },
  { work: () => () => Promise.reject(null) },
  { work: () => () => Promise.reject(trapped) },
  { work: () => async () => (await soon(), boom()) },
  { work: () => () => hostile },
  { work: () => () => ({ get then() { return boom() } }) },
  { work: () => () => ({ then: boom }) },
  { work: () => () => ({ then(fulfil: () => void) { fulfil(); boom() } }) },
  { work: () => () => ({ then(fulfil: () => void, reject: (error: unknown) => void) { for (let n = 0; n < 5; n++) { fulfil(); reject(n) } } }) },
  { work: () => () => Object.create(Promise.prototype) as unknown },
  { work: () => Promise.resolve() },
  { work: () => Promise.reject(new Error('boom')) },
  { work: () => soon().then(boom) },
  { work: () => ({ then: boom }) as unknown as Promise<void> },
  { work: () => never, options: { timeout: 1 }, endless: true },
  { work: never, options: { timeout: 1 }, endless: true },
  { work: () => () => ({ then() {} }), options: { timeout: 1 }, endless: true },
  { work: () => heed, options: { timeout: 1 } },
  { work: () => soon, options: { timeout: 1 } },
  { work: () => heed, use: (handle) => void soon().then(() => handle.cancel()) },
  { work: () => soon, use: (handle) => void soon().then(() => handle.cancel(hostile)) },
  { work: () => async () => (await soon(), boom()), use: (handle) => void turns(1).then(() => handle.cancel()) },
  { work: () => boom, use: (handle) => handle.cancel() },
  { work: () => () => 1, use: (handle) => void handle.done.then(() => boom()).catch(() => {}) },
  { work: () => () => 1, options: { when: boom } },
  { work: () => () => 1, options: { when: (() => Promise.reject(new Error('boom'))) as unknown as () => boolean } },
  { work: () => () => 1, options: { when: 'success' } },
  { work: () => () => 1, options: { when: () => hostile as unknown as boolean } },
  { work: () => Object.defineProperty(() => {}, 'name', { value: { toString: boom } }) },
]

function optionsOf({ options, endless, work }: Kind): TaskOptions | undefined {
  if (typeof work() !== 'function') return options
  const key = endless !== true && random() < 0.2 ? { key: Math.floor(random() * 50) } : {}
  const context = random() < 0.2 ? { context: random() < 0.5 } : {}
  return { ...options, ...key, ...context }
}

const problems: string[] = []
let nested = 0

/** What has failed when the figures do not add up. */
function look(lifecycle: TestLifecycle): void {
  const { scheduled, queued, running, zombies, completed, failed, timedOut, cancelled, refused } = lifecycle.stats()
  const sum = queued + running + zombies + completed + failed + timedOut + cancelled + refused
  if (sum !== scheduled && problems.length < 5) problems.push(`${scheduled} scheduled, but ${sum} accounted for`)
}

function schedule(lifecycle: TestLifecycle, exchange: ServerExchange): void {
  const kind = pick(kinds)
  // A rejection that nobody is given would be the test's own.
  const work = kind.work()
  const handle = exchange.after(work, typeof work === 'function' ? optionsOf({ ...kind, work: () => work }) : kind.options)
  kind.use?.(handle)
  look(lifecycle)
}

async function storm(options: LifecycleOptions, amount: number): Promise<object> {
  const lifecycle: TestLifecycle = new TestLifecycle({
    taskTimeout: 60_000,
    ...options,
    onOutcome: () => (random() < 0.1 ? boom() : look(lifecycle)),
    onRefused: () => (look(lifecycle), random() < 0.5 ? boom() : Promise.reject(new Error('boom'))),
  })
  while (lifecycle.stats().scheduled < amount) {
    const exchange = lifecycle.take()
    const many = Math.min(1 + Math.floor(random() * 60), amount - lifecycle.stats().scheduled)
    for (let index = 0; index < many; index++) schedule(lifecycle, exchange)
    if (random() < 0.3 && lifecycle.stats().scheduled < amount) exchange.after(() => (nested++, schedule(lifecycle, exchange)))
    if (random() < 0.5) exchange.commit(pick([200, 404, 500]))
    if (random() < 0.3) exchange.abort('client')
    else exchange.finish()
    if (random() < 0.4) await turns(1)
    look(lifecycle)
  }
  // Whatever does not hang settles; what hangs times out.
  for (let { queued, running } = lifecycle.stats(); queued + running > 0; { queued, running } = lifecycle.stats()) {
    await turns(1)
    look(lifecycle)
  }
  await turns()
  const { scheduled, completed, failed, timedOut, cancelled, refused, zombies } = lifecycle.stats()
  const { lanes, unsettled } = lifecycle.scheduler
  return { scheduled, completed, failed, timedOut, cancelled, refused, zombies, lanes: lanes.byKey.size, unsettled: [...unsettled].length, open: lifecycle.open.size }
}

const lifecycles: readonly LifecycleOptions[] = [
  { concurrency: Infinity, maxQueued: Infinity },
  { concurrency: 20, maxQueued: 200, overflow: 'refuse' },
  { concurrency: 20, maxQueued: 200, overflow: 'drop-oldest' },
  { concurrency: 20, maxQueued: 200, overflow: 'inline', context: false },
]
const found: object[] = []
for (const options of lifecycles) found.push(await storm(options, 25_000))
console.log(JSON.stringify({ found, nested, problems, strays }))
// Promises that never settle keep nothing alive, but timers of their own might.
process.exit(0)
