/**
 * Other clients, in a process of its own: `probe.mjs`. The parent sends `{ port, load }`, then `work` to start the after-work behind one
 * more request, and `stop`, which is answered with the latencies in ms. `quiet`: a request every 5 ms, whether or not those
 * before it were answered. `busy`: 64 connections that each send the next request at once.
 */
import { Line } from '../transport/line.js'

/** How busy the server is besides. */
export type ProbeLoad = 'quiet' | 'busy'

const periodMs = 5
const crowd = 64
const latencies: number[] = []
const free: Line[] = []
let port = 0
const state = { running: true }

async function askOnce(intended: number): Promise<void> {
  const line = free.pop() ?? (await Line.open(port))
  await line.ask('/')
  latencies.push(performance.now() - intended)
  free.push(line)
}

async function everyPeriod(): Promise<void> {
  const pending: Promise<void>[] = []
  await new Promise<void>((resolve) => {
    let next = performance.now()
    const timer = setInterval(() => {
      // Measured from when it was due: a late timer must not hide a late answer.
      for (; state.running && next <= performance.now(); next += periodMs) pending.push(askOnce(next))
      if (state.running) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
  await Promise.all(pending)
}

async function again(): Promise<void> {
  while (state.running) await askOnce(performance.now())
}

async function probe(load: ProbeLoad): Promise<void> {
  state.running = true
  latencies.length = 0
  await (load === 'quiet' ? everyPeriod() : Promise.all(Array.from({ length: crowd }, again)))
}

let done = Promise.resolve()

process.on('message', async (message: 'work' | 'stop' | { port: number; load: ProbeLoad }) => {
  if (message === 'work') {
    const line = await Line.open(port)
    await line.ask('/work')
    line.close()
    process.send?.({})
  } else if (message === 'stop') {
    state.running = false
    await done
    process.send?.(latencies)
  } else {
    port = message.port
    done = probe(message.load)
    process.send?.({})
  }
})
process.once('disconnect', () => process.exit())
process.send?.('ready')
