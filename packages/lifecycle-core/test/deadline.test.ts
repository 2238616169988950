import { describe, expect, it, vi } from 'vitest'
import type { DrainReport } from '../src/report.js'
import { openOne, TestLifecycle } from './fake-binding.js'
import { FakeHost } from './fake-host.js'
import { defer, turns } from './turn.js'

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

describe('the soft deadline', () => {
  it('aborts the signals of exchanges and tasks, and a task that heeds it is cancelled', async () => {
    const { exchange, lifecycle } = openOne()
    const other = lifecycle.take()
    const handle = exchange.after((_outcome, { signal }) => new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    }))
    exchange.finish()
    const { signal } = other
    signal.addEventListener('abort', () => other.finish())
    const report = await lifecycle.drain({ softTimeout: 1, timeout: Infinity })
    expect(signal.reason).toMatchObject({ code: 'ERR_LIFECYCLE_DRAINING' })
    expect(handle.state).toBe('cancelled')
    expect(report).toMatchObject({ clean: true, tasks: { cancelled: 1 } })
    expect(lifecycle.faults).toEqual([])
    expectBalance(report)
  })

  it('also aborts a signal that is read after it', async () => {
    const { exchange, lifecycle } = openOne()
    const gate = defer<boolean>()
    const other = lifecycle.take()
    other.signal.addEventListener('abort', () => gate.resolve(exchange.signal.aborted))
    const report = lifecycle.drain({ softTimeout: 1, timeout: Infinity })
    const aborted = await gate.promise
    exchange.finish()
    other.finish()
    await report
    expect(aborted).toBe(true)
  })

  it('reaches every task, whatever the listeners of a signal do', async () => {
    const { exchange, lifecycle } = openOne()
    const open = lifecycle.take()
    const third = defer()
    exchange.after((_outcome, { signal }) => new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        second.cancel()
        resolve()
      })
    }))
    const second = open.after(() => {})
    exchange.finish()
    await turns()
    exchange.after((_outcome, { signal }) => {
      signal.addEventListener('abort', () => third.resolve())
      return third.promise
    })
    await turns()
    const hurried = vi.fn()
    void third.promise.then(hurried)
    const report = lifecycle.drain({ softTimeout: 1, timeout: 20 })
    await report
    expect(hurried).toHaveBeenCalled()
    expect((await report).tasks.lost).toEqual([])
  })
})

describe('the hard deadline', () => {
  it('cuts exchanges, gives their tasks a last slot, severs the hosts, and names what was lost', async () => {
    const { exchange, lifecycle, res } = openOne()
    const host = new FakeHost()
    const farewell = vi.fn()
    exchange.run(() => {
      exchange.after(farewell)
      exchange.after(never, { name: 'endless' })
    })
    const report = await lifecycle.drain({ hosts: [host], timeout: 1 })
    expect(exchange.outcome).toMatchObject({ kind: 'aborted', reason: 'drain' })
    expect(res.destroyed).toBe(1)
    expect(farewell).toHaveBeenCalledExactlyOnceWith(exchange.outcome, expect.anything())
    expect(host.calls).toContain('sever')
    expect(report).toMatchObject({
      clean: false,
      suggestedExitCode: 1,
      exchanges: { inFlightAtStart: 1, cut: [{ exchangeId: exchange.id, method: 'GET', url: '/', route: null, phase: 'handling' }] },
      tasks: { completed: 1, lost: [{ name: 'endless', exchangeId: exchange.id, state: 'running', ageMs: expect.any(Number) }] },
    })
    expectBalance(report)
  })

  it('ends the wait for a host that never closes', async () => {
    const lifecycle = new TestLifecycle()
    const host = new FakeHost()
    host.onSever = undefined
    const report = await lifecycle.drain({ hosts: [host], timeout: 1 })
    expect(host.calls).toContain('sever')
    expect(report.exchanges.cut).toEqual([])
  })

  it('says in which state a task was lost', async () => {
    const { exchange, lifecycle } = openOne({ concurrency: 1 })
    exchange.after(never, { name: 'first' })
    exchange.after(never, { name: 'second' })
    exchange.finish()
    const { tasks } = await lifecycle.drain({ timeout: 1 })
    expect(tasks.lost.map(({ name, state }) => [name, state])).toEqual([['first', 'running'], ['second', 'queued']])
  })

  it('may be further away than a timer reaches', async () => {
    const { exchange, lifecycle } = openOne()
    const warnings: unknown[] = []
    const listener = (warning: unknown): void => void warnings.push(warning)
    process.on('warning', listener)
    exchange.after((_outcome, { signal }) => signal)
    void lifecycle.drain({ timeout: 2 ** 32 })
    await turns()
    process.off('warning', listener)
    exchange.finish()
    expect(warnings).toEqual([])
  })
})
