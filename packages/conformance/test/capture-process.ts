/**
 * Runs with `--expose-gc`: replies with bodies that are captured, keeps every outcome, and prints by how many bytes the
 * memory has grown while tasks still wait behind the replies, and once they are through.
 */
import { createServer } from 'node:http'
import { createLifecycle } from '@afterword/adapter-node'
import type { Outcome } from '@afterword/lifecycle-core'
import { askHttp1 } from '../src/client.js'
import { gate } from '../src/latch.js'
import { listen, stop } from '../src/probe.js'

const bodyBytes = 50_000
const replies = 200

const kept: Outcome[] = []
const released = gate()
const lifecycle = createLifecycle({ captureBody: { limit: bodyBytes } })
const server = createServer(lifecycle.listener((req, res) => {
  req.exchange.after(async (outcome) => {
    kept.push(outcome)
    await released.opened
  })
  res.end(Buffer.alloc(bodyBytes, 'a'))
}))

/** What is left after the garbage collector was at it: buffers lie outside of the heap. */
async function memory(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

await listen(server)
const { port } = server.address() as { port: number }
for (let count = 0; count < 20; count++) await askHttp1(port, '/')
const before = await memory()
for (let count = 0; count < replies; count++) await askHttp1(port, '/')
const during = await memory()
released.open()
await lifecycle.idle()
const after = await memory()
await stop(server)
console.log(JSON.stringify({ sent: replies * bodyBytes, outcomes: kept.length - 20, during: during - before, after: after - before }))
