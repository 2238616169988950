/**
 * Requests that leave tasks behind: `cost.mjs <scheduler> <tasks> <timed>`. Over connections inside the process, one request after another.
 * Answers a number with the CPU microseconds of so many requests, and `bytes` with the heap of one queued task (needs `--expose-gc`).
 */
import { createServer, type Server } from 'node:http'
import { createLifecycle } from '@afterword/adapter-node'
import type { LifecycleOptions, TaskOptions } from '@afterword/lifecycle-core'
import fastq from 'fastq'
import PQueue from 'p-queue'
import { connect, exchangeInTurn } from '../transport/memory.js'
import { countLater } from '../work.js'

const [scheduler = '', amount, timed] = process.argv.slice(2)
const tasks = Number(amount)
const timeout = timed === 'true' ? 30_000 : undefined
const never = (): Promise<void> => new Promise(() => {})
const concurrency = process.argv.includes('queued') ? 1 : 1000

/** A server whose handler schedules the tasks of a request; they start after its end. `block` takes the only place. */
interface Subject {
  readonly server: Server
  block(): unknown
}

function ours(options: LifecycleOptions, taskOptions?: TaskOptions): Subject {
  const lifecycle = createLifecycle({ taskTimeout: timeout ?? Infinity, concurrency, maxQueued: Infinity, ...options })
  let blocked = false
  const server = createServer(
    lifecycle.listener((req, res) => {
      if (blocked) req.exchange.after(never)
      else for (let index = 0; index < tasks; index++) req.exchange.after(countLater, taskOptions)
      blocked = false
      res.end('{"ok":true}')
    }),
  )
  return { server, block: () => (blocked = true) }
}

/** What one does without this library: a queue for the application, filled when the response closes. */
function behindClose(add: (task: () => Promise<void>) => void): Subject {
  let blocked = false
  function onClose(): void {
    if (blocked) add(never)
    else for (let index = 0; index < tasks; index++) add(countLater)
    blocked = false
  }
  const server = createServer((_req, res) => {
    res.on('close', onClose)
    res.end('{"ok":true}')
  })
  return { server, block: () => (blocked = true) }
}

function inTime(task: () => Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, ms, new Error('timeout'))
    task().then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

const subjects: Readonly<Record<string, () => Subject>> = {
  call: () => ({
    server: createServer((_req, res) => {
      for (let index = 0; index < tasks; index++) void countLater()
      res.end('{"ok":true}')
    }),
    block: () => {},
  }),
  afterword: () => ours({}),
  'afterword, one task without': () => ours({}, { context: false }),
  'afterword, context: false': () => ours({ context: false }),
  'p-queue': () => {
    const queue = new PQueue({ concurrency })
    return behindClose((task) => void queue.add(task, timeout === undefined ? undefined : { timeout }))
  },
  fastq: () => {
    const queue = fastq.promise(
      timeout === undefined ? (task: () => Promise<void>) => task() : (task: () => Promise<void>) => inTime(task, timeout),
      concurrency,
    )
    return behindClose((task) => void queue.push(task))
  },
}

const make = subjects[scheduler]
if (make === undefined) throw new Error(`there is no scheduler ${scheduler}`)
const subject = make()
const client = connect(subject.server)

/** Whatever was left behind has its turns. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function heap(): number {
  const collect = globalThis.gc as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

async function bytesEach(): Promise<number> {
  subject.block()
  await exchangeInTurn(client, 1)
  await settle()
  const requests = Math.ceil(20_000 / tasks)
  await exchangeInTurn(client, Math.ceil(requests / 10))
  await settle()
  const before = heap()
  await exchangeInTurn(client, requests)
  await settle()
  return (heap() - before) / (requests * tasks)
}

process.on('message', async (question: number | 'bytes') => {
  if (question === 'bytes') {
    process.send?.(await bytesEach())
    return
  }
  const { user, system } = process.cpuUsage()
  await exchangeInTurn(client, question)
  await settle()
  const used = process.cpuUsage()
  process.send?.(used.user + used.system - user - system)
})
process.once('disconnect', () => process.exit())
process.send?.('ready')
