/**
 * Many tasks behind one end: `backlog.mjs <scheduler> <sync|async> <tasks>`. Says how many ms it took from the moment they could start until
 * all were done, and how many bytes of heap the waiting tasks took. `--expose-gc`.
 */
import { createServer } from 'node:http'
import { createLifecycle } from '@afterword/adapter-node'
import fastq from 'fastq'
import PQueue from 'p-queue'
import { connect, exchangeInTurn } from '../transport/memory.js'
import { count, countLater } from '../work.js'

const [scheduler = '', kind, text] = process.argv.slice(2)
const amount = Number(text)
const task = kind === 'async' ? countLater : count
const collect = globalThis.gc as () => void

/** Something that takes tasks, and later runs them. */
interface Backlog {
  add(): void
  /** Lets them start; resolves when all are done. */
  run(): Promise<unknown>
}

async function ours(): Promise<Backlog> {
  const lifecycle = createLifecycle({ context: false })
  let send!: () => void
  let arrived!: () => void
  let add!: () => void
  const arrival = new Promise<void>((resolve) => (arrived = resolve))
  const server = createServer(
    lifecycle.listener((req, res) => {
      add = () => void req.exchange.after(task)
      send = () => res.end()
      arrived()
    }),
  )
  const replied = exchangeInTurn(connect(server), 1)
  await arrival
  return {
    add,
    run: async () => {
      send()
      await replied
      await lifecycle.idle()
    },
  }
}

function list(start: (tasks: number) => Promise<unknown>): Backlog {
  let tasks = 0
  return { add: () => void tasks++, run: () => start(tasks) }
}

const backlogs: Readonly<Record<string, () => Backlog | Promise<Backlog>>> = {
  ours,
  'plain loop': () =>
    list(async (tasks) => {
      const results: unknown[] = []
      for (let index = 0; index < tasks; index++) results.push(task())
      await Promise.all(results)
    }),
  'setImmediate each': () =>
    list(
      (tasks) =>
        new Promise<void>((resolve) => {
          let left = tasks
          const one = async () => {
            await task()
            if (--left === 0) resolve()
          }
          for (let index = 0; index < tasks; index++) setImmediate(one)
        }),
    ),
  'p-queue': () => {
    const queue = new PQueue({ concurrency: 1000, autoStart: false })
    return {
      add: () => void queue.add(task),
      run: () => {
        queue.start()
        return queue.onIdle()
      },
    }
  },
  fastq: () => {
    const queue = fastq.promise(async () => await task(), 1000)
    queue.pause()
    return {
      add: () => void queue.push(undefined),
      run: () => {
        queue.resume()
        return queue.drained()
      },
    }
  },
}

const make = backlogs[scheduler]
if (make === undefined) throw new Error(`there is no scheduler ${scheduler}`)
// Once for the compiler.
const first = await make()
for (let index = 0; index < Math.min(amount, 20_000); index++) first.add()
await first.run()
const backlog = await make()
collect()
const before = process.memoryUsage().heapUsed
for (let index = 0; index < amount; index++) backlog.add()
collect()
const bytes = process.memoryUsage().heapUsed - before
const start = performance.now()
await backlog.run()
process.send?.({ ms: performance.now() - start, bytes })
process.once('disconnect', () => process.exit())
