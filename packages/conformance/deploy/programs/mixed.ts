import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { Call } from './program.js'
import { start } from './start.js'
import { tell, writeRow } from './tell.js'

const stopping = once(process, 'SIGTERM')
const body = Buffer.alloc(48 * 1024 * 1024, 'x')
let row = 0

/** Work that takes a while, and leaves a row. */
async function work(mine: number): Promise<void> {
  await pause(50)
  await writeRow(mine)
}

const handlers: Record<string, (call: Call) => unknown> = {
  async '/slow'(call) {
    tell('begun')
    await stopping
    acknowledge(call)
  },
  '/download'({ res }) {
    res.writeHead(200, { 'content-length': body.length })
    res.end(body)
    tell('begun')
  },
  '/stuck': () => tell('begun'),
  '/events'({ res }) {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: hello\n\n')
    tell('begun')
  },
  '/mail'({ after, reply }) {
    after('a stuck mail', () => {
      tell('begun')
      return new Promise(() => {})
    })
    reply(200, 'noted')
  },
}

function acknowledge({ after, reply }: Call): void {
  const mine = ++row
  after('row', () => work(mine))
  reply(200, 'noted')
}

// Some of everything: what the comparison of docs/drain.md stops.
await start({ timeout: 2_000, handle: (call) => (handlers[call.path] ?? acknowledge)(call) })
