import { describe, expect, it, vi } from 'vitest'
import { openOne } from './fake-binding.js'
import { defer, hourMs, turns } from './turn.js'

describe('cancel', () => {
  it('takes a queued task out of the queue', async () => {
    const { exchange, lifecycle } = openOne()
    const task = vi.fn()
    const handle = exchange.after(task)
    handle.cancel()
    expect(handle.state).toBe('cancelled')
    expect(lifecycle.scheduler.unsettled.size).toBe(0)
    exchange.finish()
    await turns()
    expect(task).not.toHaveBeenCalled()
    expect(exchange.phase).toBe('drained')
    expect(lifecycle.faults).toEqual([])
  })

  it('takes a task out between the end and its start', async () => {
    const { exchange } = openOne({ concurrency: 1 })
    const gate = defer()
    const task = vi.fn()
    exchange.after(() => gate.promise)
    const handle = exchange.after(task)
    exchange.finish()
    await turns()
    handle.cancel()
    gate.resolve()
    await turns()
    expect(task).not.toHaveBeenCalled()
    expect(exchange.phase).toBe('drained')
  })

  it('aborts the signal of a running task, which counts until it settles', async () => {
    const { exchange, lifecycle } = openOne()
    const handle = exchange.after((_outcome, { signal }) => new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    }))
    exchange.finish()
    await turns()
    handle.cancel('because')
    expect(handle.state).toBe('cancelled')
    expect(exchange.phase).toBe('finished')
    await turns()
    expect(exchange.phase).toBe('drained')
    expect(lifecycle.scheduler.counts).toMatchObject({ cancelled: 1, failed: 0 })
    expect(lifecycle.faults).toEqual([])
  })

  it('says by code and cause why', async () => {
    const { exchange } = openOne()
    const seen = defer<AbortSignal>()
    const handle = exchange.after((_outcome, { signal }) => seen.resolve(signal) ?? new Promise(() => {}))
    exchange.finish()
    const signal = await seen.promise
    handle.cancel('because')
    expect(signal.reason).toMatchObject({ code: 'ERR_LIFECYCLE_TASK_CANCELLED', cause: 'because' })
  })

  it('of a task that fails with another error reports that error', async () => {
    const { exchange, lifecycle } = openOne()
    const gate = defer()
    const handle = exchange.after(() => gate.promise)
    exchange.finish()
    await turns()
    handle.cancel()
    gate.reject('boom')
    await turns()
    expect(handle.state).toBe('cancelled')
    expect(lifecycle.faults).toEqual([{ error: 'boom', source: 'task', task: 'task' }])
  })

  it('of a task that is over does nothing, twice neither', async () => {
    const { exchange, lifecycle } = openOne()
    const handle = exchange.after(() => {})
    exchange.finish()
    expect(await handle.done).toBe('completed')
    handle.cancel()
    handle.cancel()
    expect(handle.state).toBe('completed')
    expect(lifecycle.scheduler.counts).toMatchObject({ completed: 1, cancelled: 0 })
  })
})

describe('timeout', () => {
  it('marks, reports and aborts a task that runs too long, and counts it until it settles', async () => {
    const { exchange, lifecycle } = openOne()
    const aborted = defer<unknown>()
    const gate = defer()
    const handle = exchange.after((_outcome, { signal }) => {
      signal.addEventListener('abort', () => aborted.resolve(signal.reason))
      return gate.promise
    }, { name: 'slow', timeout: hourMs })
    exchange.finish()
    await turns()
    expect(lifecycle.scheduler.expire(performance.now() + 1)).toBe(true)
    expect(handle.state).toBe('running')
    expect(lifecycle.scheduler.expire(performance.now() + hourMs)).toBe(false)
    expect(handle.state).toBe('timed-out')
    expect(await aborted.promise).toMatchObject({ code: 'ERR_LIFECYCLE_TASK_TIMEOUT' })
    expect(lifecycle.codes).toEqual(['ERR_LIFECYCLE_TASK_TIMEOUT'])
    expect(lifecycle.isIdle).toBe(false)
    gate.resolve()
    await turns()
    expect(handle.state).toBe('timed-out')
    expect(lifecycle.isIdle).toBe(true)
    expect(lifecycle.scheduler.counts).toMatchObject({ 'timed-out': 1, completed: 0 })
  })

  it('comes from the shared ticker by itself, and defaults to taskTimeout', async () => {
    const { exchange } = openOne({ taskTimeout: 1 })
    const handle = exchange.after(() => new Promise(() => {}))
    exchange.finish()
    // The ticker does not keep a process alive.
    const alive = setInterval(() => {}, 1000)
    expect(await handle.done).toBe('timed-out')
    clearInterval(alive)
  })

  it('of a promise counts from the end of the exchange', async () => {
    const { exchange, lifecycle } = openOne({ taskTimeout: hourMs })
    const handle = exchange.after(new Promise(() => {}))
    lifecycle.scheduler.expire(performance.now() + hourMs)
    expect(handle.state).toBe('running')
    exchange.finish()
    await turns()
    lifecycle.scheduler.expire(performance.now() + hourMs)
    expect(handle.state).toBe('timed-out')
  })

  it('may be Infinity', async () => {
    const { exchange, lifecycle } = openOne()
    const handle = exchange.after(() => new Promise(() => {}), { timeout: Infinity })
    exchange.finish()
    await turns()
    expect(lifecycle.scheduler.expire(Number.MAX_VALUE)).toBe(false)
    expect(handle.state).toBe('running')
  })
})
