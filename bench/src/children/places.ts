/**
 * Tasks that each call another server, so many at a time: `places.mjs <concurrency> <port>`. Says how many were done per second, how late the
 * event loop was, and how much memory the process took.
 */
import { Agent, createServer, get } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { createLifecycle } from '@afterword/adapter-node'
import { connect, exchangeInTurn } from '../transport/memory.js'

const [concurrency, port] = process.argv.slice(2).map(Number) as [number, number]
const warmUpMs = 1500
const measuredMs = 2000
const agent = new Agent({ keepAlive: true })

function callOther(): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent }, (res) => res.resume().once('end', resolve)).once('error', reject)
  })
}

const lifecycle = createLifecycle({ concurrency, maxQueued: Infinity })
const server = createServer(
  lifecycle.listener((req, res) => {
    // More than can be done in the time.
    for (let index = 0; index < 60_000; index++) req.exchange.after(callOther)
    res.end()
  }),
)
await exchangeInTurn(connect(server), 1)
await delay(warmUpMs)
const delays = monitorEventLoopDelay({ resolution: 1 })
delays.enable()
const before = lifecycle.stats()
const start = performance.now()
await delay(measuredMs)
const seconds = (performance.now() - start) / 1000
const after = lifecycle.stats()
process.send?.({
  perSecond: (after.completed - before.completed) / seconds,
  failed: after.failed,
  lateP99: delays.percentile(99) / 1e6,
  megabytes: process.memoryUsage().rss / 2 ** 20,
})
process.once('disconnect', () => process.exit())
