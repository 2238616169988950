/**
 * Runs with `--unhandled-rejections=strict`, once per server: `faults-process.ts RIG SETUP`. Throws in every place there
 * is, and prints in which places the errors came down. Anything that nobody catches ends the process.
 */
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { type Attempt, serveCounted, settled, type Setup } from '../src/landing.js'
import { gate } from '../src/latch.js'
import { openReader } from '../src/reader.js'
import type { AppOptions, Rig } from '../src/rig.js'
import { rigs } from '../src/rigs/index.js'

const failure = new Error('it went wrong')

function fail(): never {
  throw failure
}

function rejects(): Promise<never> {
  return Promise.reject(failure)
}

/** One place to throw in. */
interface Scene extends AppOptions {
  handler(attempt: Attempt): unknown
  /** The client leaves once it has the head. */
  leaves?: true
}

function ended({ exchange }: Attempt): Promise<unknown> {
  return new Promise((resolve) => exchange.after(resolve))
}

/** Replies, and does something before that. */
function replying(prepare: (attempt: Attempt) => unknown, options: AppOptions = {}): Scene {
  return {
    ...options,
    handler(attempt) {
      prepare(attempt)
      attempt.reply()
    },
  }
}

const hostile = {
  // oxlint-disable-next-line unicorn/no-thenable -- that is what is hostile
  then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => {
    resolve(1)
    reject(failure)
    fail()
  },
}

const scenes: Record<string, Scene> = {
  'throws before the head': { handler: fail },
  'rejects before the head': { handler: rejects },
  'throws nothing': {
    handler() {
      throw undefined
    },
  },
  'rejects with nothing': { handler: () => Promise.reject(undefined) },
  'throws after the head': { handler: (attempt) => (void attempt.begin(), fail()) },
  'rejects after the head': { handler: (attempt) => attempt.begin().then(fail) },
  'throws behind the end': { handler: (attempt) => (attempt.reply(), fail()) },
  'rejects after the end': {
    async handler(attempt) {
      const over = ended(attempt)
      attempt.reply()
      await over
      fail()
    },
  },
  'destroys, and throws': { handler: ({ res }) => (res.destroy(), fail()) },
  'streams to a client that leaves': {
    leaves: true,
    handler: ({ res }) => pipeline(new Readable({ read() { this.push(Buffer.alloc(1000)) } }), res),
  },
  'beforeCommit rejects': replying(({ exchange }) => exchange.beforeCommit(rejects)),
  'onCommit throws': replying(({ exchange }) => exchange.onCommit(fail)),
  'onCommit rejects': replying(({ exchange }) => exchange.onCommit(rejects)),
  'a task throws': replying(({ exchange }) => exchange.after(fail)),
  'a task rejects': replying(({ exchange }) => exchange.after(rejects)),
  'a task rejects with nothing': replying(({ exchange }) => exchange.after(() => Promise.reject(undefined))),
  'a promise rejects': replying(({ exchange }) => exchange.after(rejects())),
  'a hostile promise': replying(({ exchange }) => exchange.after(hostile as never)),
  'a nested task throws': replying(({ exchange }) => exchange.after(() => exchange.after(fail))),
  'a condition throws': replying(({ exchange }) => exchange.after(() => {}, { when: fail })),
  'a condition rejects': replying(({ exchange }) => exchange.after(() => {}, { when: rejects as never })),
  'a task rejects past its timeout': replying(({ exchange }) => exchange.after((_outcome, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(failure))), { timeout: 1 })),
  'a signal listener rejects': replying(({ exchange }) => exchange.after((_outcome, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', reject)), { timeout: 1 })),
  'onOutcome throws': replying(() => {}, { onOutcome: fail }),
  'onOutcome rejects': replying(() => {}, { onOutcome: rejects }),
  'onError throws': replying(({ exchange }) => exchange.after(fail), { onError: fail }),
  'onError rejects': replying(({ exchange }) => exchange.after(fail), { onError: rejects }),
}

/** Plays one scene, and returns the places in which its errors came down. */
async function play(rig: Rig, setup: Setup, { handler, leaves, ...options }: Scene): Promise<string[]> {
  let places: string[] = []
  const over = gate()
  await serveCounted(
    rig,
    (attempt) => {
      const result = handler(attempt)
      if (leaves === true) void Promise.resolve(result).then(() => over.open(), () => over.open())
      return result
    },
    async (app) => {
      if (leaves === true) {
        const reader = openReader(rig, app.port)
        await reader.answered
        reader.leave()
        await over.opened
      } else await app.ask().catch(() => {})
      await settled(app)
      places = app.landings.items.map(({ place }) => place)
    },
    { ...options, setup, watchProcess: false },
  )
  return places
}

const [name, setup, control] = process.argv.slice(2) as [string, Setup, string?]
const rig = rigs.find((each) => each.name === name) as Rig
if (control === 'control') void rejects()
const told: Record<string, string[]> = {}
for (const [scene, each] of Object.entries(scenes)) told[scene] = await play(rig, setup, each)
console.log(JSON.stringify(told))
