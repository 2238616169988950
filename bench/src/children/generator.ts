/**
 * The load, in a process of its own: `generator.mjs`. It sends requests over keep-alive connections, each the next request when the
 * response has arrived (no pipelining). A response without status 200 ends the process. The parent sends a {@link Load}, which is
 * answered with `{}`, or with `{ latencies }` in ms when asked for them; or {@link Rounds}, which are answered with what each slice cost.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { cpuOf, isBusy } from '../cpu.js'
import { shuffled } from '../shuffle.js'
import { Line } from '../transport/line.js'

/** Requests to one server. */
export interface Load {
  readonly port: number
  readonly amount: number
  readonly connections: number
  readonly latencies?: boolean
}

/** Slices of requests to some servers in turn, in another order in each round. */
export interface Rounds {
  readonly rounds: number
  readonly connections: number
  readonly servers: readonly { readonly pid: number; readonly port: number; readonly amount: number }[]
}

const lines = new Map<number, Promise<Line[]>>()

function linesTo(port: number, amount: number): Promise<Line[]> {
  let known = lines.get(port)
  if (known === undefined) {
    known = Promise.all(Array.from({ length: amount }, () => Line.open(port)))
    lines.set(port, known)
  }
  return known
}

async function send({ port, amount, connections, latencies }: Load): Promise<number[]> {
  const taken: number[] = []
  let left = amount
  const sendOver = async (line: Line): Promise<void> => {
    while (left > 0) {
      left--
      const start = performance.now()
      await line.ask('/')
      if (latencies === true) taken.push(performance.now() - start)
    }
  }
  await Promise.all((await linesTo(port, connections)).map(sendOver))
  return taken
}

/** CPU microseconds per request: a list for each server, with a number for each round. */
async function measure({ rounds, connections, servers }: Rounds): Promise<number[][]> {
  const slices = servers.map((server) => ({ ...server, connections, costs: [] as number[] }))
  for (let round = 0; round < rounds; round++) {
    for (const slice of shuffled(slices)) {
      const before = cpuOf(slice.pid)
      await send(slice)
      // What comes after the last response belongs to it.
      while (isBusy(slice.pid)) await delay(1)
      slice.costs.push((cpuOf(slice.pid) - before) / slice.amount)
    }
  }
  return slices.map(({ costs }) => costs)
}

process.on('message', async (message: Load | Rounds) => {
  if ('rounds' in message) process.send?.(await measure(message))
  else {
    const latencies = await send(message)
    process.send?.(message.latencies === true ? { latencies } : {})
  }
})
process.once('disconnect', () => process.exit())
process.send?.('ready')
