import { describe, expect, it, vi } from 'vitest'
import type { DrainReport } from '../src/report.js'
import { openOne, TestLifecycle } from './fake-binding.js'
import { FakeHost, idleHost } from './fake-host.js'
import { defer, hourMs, turns } from './turn.js'

const never = (): Promise<void> => new Promise(() => {})

/** The equation that every report states. */
function sides({ tasks }: DrainReport): { before: number; after: number } {
  const { pendingAtStart, scheduled, completed, failed, timedOut, cancelled, refused, lost } = tasks
  return { before: pendingAtStart + scheduled, after: completed + failed + timedOut + cancelled + refused + lost.length }
}

function expectBalance(report: DrainReport): void {
  const { before, after } = sides(report)
  expect(after).toBe(before)
}

describe('a drain of nothing', () => {
  it('is clean at once, and seals', async () => {
    const lifecycle = new TestLifecycle()
    expect(lifecycle.state).toBe('accepting')
    const report = lifecycle.drain()
    expect(lifecycle.state).toBe('draining')
    expect(await report).toMatchObject({
      clean: true, suggestedExitCode: 0, exchanges: { inFlightAtStart: 0, cut: [] }, tasks: { pendingAtStart: 0, scheduled: 0, lost: [] },
    })
    expect(lifecycle.state).toBe('drained')
    expect(lifecycle.scheduler.sealed).toBe(true)
  })

  it('is the same promise every time', () => {
    const lifecycle = new TestLifecycle()
    expect(lifecycle.drain()).toBe(lifecycle.drain({ timeout: 5 }))
  })

  it('refuses wrong options even then', () => {
    const lifecycle = new TestLifecycle()
    expect(() => lifecycle.drain({ timeout: -1 })).toThrow(expect.objectContaining({ code: 'ERR_LIFECYCLE_INVALID_OPTION' }))
    expect(lifecycle.state).toBe('accepting')
  })
})

describe('waiting', () => {
  it('is for exchanges, their tasks and the tasks of those, and refuses what comes after', async () => {
    const { exchange, lifecycle } = openOne()
    const gates = { outer: defer(), inner: defer() }
    const drained = vi.fn()
    exchange.run(() => exchange.after(async () => {
      await gates.outer.promise
      exchange.after(() => gates.inner.promise)
    }))
    const report = lifecycle.drain()
    void report.then(drained)
    await turns()
    exchange.finish()
    await turns()
    gates.outer.resolve()
    await turns()
    expect(drained).not.toHaveBeenCalled()
    gates.inner.resolve()
    expect(await report).toMatchObject({ clean: true, exchanges: { inFlightAtStart: 1 }, tasks: { pendingAtStart: 1, scheduled: 1, completed: 2 } })
    expectBalance(await report)
    const late = exchange.after(() => {})
    expect(late.state).toBe('refused')
    expect(lifecycle.codes).toEqual(['ERR_LIFECYCLE_SEALED'])
  })

  it('asks every open response, and those that begin meanwhile, to end their connection', async () => {
    const { exchange, lifecycle, res } = openOne()
    const report = lifecycle.drain()
    expect(res.asked).toBe(1)
    const second = lifecycle.take()
    exchange.finish()
    second.finish()
    expect((await report).clean).toBe(true)
  })

  it('stops the hosts first, sweeps them after every end, and is quiet only when no exchange waits', async () => {
    const { exchange, lifecycle } = openOne()
    const host = new FakeHost()
    const drained = vi.fn()
    const report = lifecycle.drain({ hosts: [host] })
    void report.then(drained)
    expect(host.calls).toEqual(['stop'])
    await turns()
    expect(host.calls).toEqual(['stop', 'sweep'])
    exchange.finish()
    await turns()
    expect(host.calls).toEqual(['stop', 'sweep', 'sweep quiet'])
    await turns()
    expect(drained).not.toHaveBeenCalled()
    host.close()
    expect((await report).clean).toBe(true)
    expect(host.calls).not.toContain('sever')
  })

  it('is also for a request that a connection brings while all is idle', async () => {
    const lifecycle = new TestLifecycle()
    const host = new FakeHost()
    const report = lifecycle.drain({ hosts: [host] })
    await turns()
    const exchange = lifecycle.take()
    host.close()
    await turns()
    expect(lifecycle.state).toBe('draining')
    exchange.finish()
    expect((await report).clean).toBe(true)
  })

  it('is for all of several hosts', async () => {
    const lifecycle = new TestLifecycle()
    const hosts = [idleHost(), new FakeHost()] as const
    const report = lifecycle.drain({ hosts })
    await turns()
    expect(lifecycle.state).toBe('draining')
    hosts[1].close()
    expect((await report).clean).toBe(true)
  })

  it('covers a task that is scheduled in the same turn as the last check', async () => {
    const { exchange, lifecycle } = openOne()
    const report = lifecycle.drain()
    const task = vi.fn()
    void lifecycle.idle().then(() => exchange.after(task))
    exchange.finish()
    const { clean, tasks } = await report
    await turns()
    expect({ clean, lost: tasks.lost.length }).toEqual(task.mock.calls.length === 1 ? { clean: true, lost: 0 } : { clean: false, lost: 1 })
  })
})

describe('the sums of a report', () => {
  it('count what was scheduled, completed, failed and refused meanwhile, and nothing from before', async () => {
    const { exchange, lifecycle } = openOne({ maxDepth: 1 })
    const before = lifecycle.take()
    before.after(() => {})
    before.after(() => { throw new Error('before') })
    before.finish()
    await lifecycle.scheduler.unsettled.started.oldest?.done
    await turns()
    exchange.run(() => {
      exchange.after(() => { throw new Error('boom') })
      exchange.after(() => {}, { when: 'aborted' })
    })
    const report = lifecycle.drain()
    exchange.run(() => exchange.after(() => exchange.after(() => {})))
    exchange.finish()
    expect((await report).tasks).toMatchObject({ pendingAtStart: 2, scheduled: 2, completed: 1, failed: 1, cancelled: 1, refused: 1 })
    expectBalance(await report)
  })

  it.each(['cancelled', 'timed out'])('hold for a task that was %s before and still runs', async (how) => {
    const { exchange, lifecycle } = openOne({ taskTimeout: hourMs })
    const gate = defer()
    const handle = exchange.after(() => gate.promise)
    exchange.finish()
    await turns()
    if (how === 'cancelled') handle.cancel()
    else lifecycle.scheduler.expire(performance.now() + hourMs)
    const report = lifecycle.drain()
    gate.resolve()
    expectBalance(await report)
  })

  it('is not clean when a task that timed out never settled', async () => {
    const { exchange, lifecycle } = openOne({ taskTimeout: hourMs })
    exchange.after(never)
    exchange.finish()
    await turns()
    lifecycle.scheduler.expire(performance.now() + hourMs)
    expect((await lifecycle.drain({ timeout: 1 })).clean).toBe(false)
  })
})

describe('idle', () => {
  it('resolves when no exchange is open and no task unsettled, and leaves the lifecycle as it is', async () => {
    const { exchange, lifecycle } = openOne()
    const gate = defer()
    const idle = vi.fn()
    exchange.after(() => gate.promise)
    void lifecycle.idle().then(idle)
    exchange.finish()
    await turns()
    expect(idle).not.toHaveBeenCalled()
    gate.resolve()
    await turns()
    expect(idle).toHaveBeenCalled()
    expect(lifecycle.state).toBe('accepting')
  })
})
