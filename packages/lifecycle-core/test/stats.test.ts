import { describe, expect, it } from 'vitest'
import type { LifecycleStats } from '../src/stats.js'
import { openOne, TestLifecycle } from './fake-binding.js'
import { defer, hourMs, turns } from './turn.js'

function expectSum(stats: LifecycleStats): void {
  const { scheduled, queued, running, zombies, completed, failed, timedOut, cancelled, refused } = stats
  expect(queued + running + zombies + completed + failed + timedOut + cancelled + refused).toBe(scheduled)
}

describe('the figures', () => {
  it('are all 0 at first', () => {
    expect(Object.values(new TestLifecycle().stats())).toEqual(Array.from({ length: 12 }, () => 0))
  })

  it('follow a task from queued to zombie to its end', async () => {
    const { exchange, lifecycle } = openOne({ taskTimeout: hourMs })
    const gate = defer()
    const seen = (): Partial<LifecycleStats> => {
      const { inFlight, queued, running, zombies, timedOut } = lifecycle.stats()
      expectSum(lifecycle.stats())
      return { inFlight, queued, running, zombies, timedOut }
    }
    exchange.after(() => gate.promise)
    expect(seen()).toEqual({ inFlight: 1, queued: 1, running: 0, zombies: 0, timedOut: 0 })
    exchange.finish()
    await turns()
    expect(seen()).toEqual({ inFlight: 1, queued: 0, running: 1, zombies: 0, timedOut: 0 })
    lifecycle.scheduler.expire(performance.now() + hourMs)
    expect(seen()).toEqual({ inFlight: 1, queued: 0, running: 0, zombies: 1, timedOut: 0 })
    gate.resolve()
    await lifecycle.idle()
    expect(seen()).toEqual({ inFlight: 0, queued: 0, running: 0, zombies: 0, timedOut: 1 })
  })

  it('count a promise as running from the call, and as a zombie when it is cancelled before the end', async () => {
    const { exchange, lifecycle } = openOne()
    const gate = defer()
    const handle = exchange.waitUntil(gate.promise)
    expect(lifecycle.stats()).toMatchObject({ queued: 0, running: 1, oldestRunningMs: 0 })
    handle.cancel()
    expect(lifecycle.stats()).toMatchObject({ running: 0, zombies: 1 })
    exchange.finish()
    await turns()
    expect(lifecycle.stats()).toMatchObject({ running: 0, zombies: 1 })
    gate.resolve()
    await lifecycle.idle()
    expect(lifecycle.stats()).toMatchObject({ zombies: 0, cancelled: 1 })
  })

  it('tell how long the oldest waits and runs', async () => {
    const { exchange, lifecycle } = openOne({ concurrency: 1 })
    const gates = [defer(), defer()]
    exchange.after(() => gates[0]?.promise)
    exchange.after(() => gates[1]?.promise)
    expect(lifecycle.stats()).toMatchObject({ oldestQueuedMs: 0, oldestRunningMs: 0 })
    exchange.finish()
    await turns()
    const first = lifecycle.stats()
    expect(first.oldestQueuedMs).toBeGreaterThan(0)
    expect(first.oldestRunningMs).toBeGreaterThan(0)
    const second = lifecycle.stats()
    expect(second.oldestQueuedMs).toBeGreaterThanOrEqual(first.oldestQueuedMs)
    for (const gate of gates) gate.resolve()
    await lifecycle.idle()
    expect(lifecycle.stats()).toMatchObject({ oldestQueuedMs: 0, oldestRunningMs: 0 })
  })

  it('let go of what was held by an exchange that goes on', async () => {
    const { exchange, lifecycle } = openOne()
    for (let count = 0; count < 100; count++) {
      exchange.waitUntil(Promise.resolve())
      exchange.after(() => {}).cancel()
    }
    await turns()
    expect(exchange.tasks?.waiting.size).toBe(0)
    expect(lifecycle.stats()).toMatchObject({ completed: 100, cancelled: 100, queued: 0, running: 0 })
  })
})
