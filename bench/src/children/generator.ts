/**
 * The load, in a process of its own: `generator.mjs`. The parent sends `{ port, amount, connections, latencies }`; it sends so
 * many requests over keep-alive connections, each the next request when the response has arrived (no pipelining), and then says `{}`,
 * or `{ latencies }` in ms when asked for them. A response without status 200 ends the process.
 */
import { Line } from '../transport/line.js'

/** What the parent asks for. */
export interface Load {
  readonly port: number
  readonly amount: number
  readonly connections: number
  readonly latencies?: boolean
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

process.on('message', async ({ port, amount, connections, latencies }: Load) => {
  const taken: number[] = []
  let left = amount
  const send = async (line: Line): Promise<void> => {
    while (left > 0) {
      left--
      const start = performance.now()
      await line.ask('/')
      if (latencies === true) taken.push(performance.now() - start)
    }
  }
  await Promise.all((await linesTo(port, connections)).map(send))
  process.send?.(latencies === true ? { latencies: taken } : {})
})
process.once('disconnect', () => process.exit())
process.send?.('ready')
