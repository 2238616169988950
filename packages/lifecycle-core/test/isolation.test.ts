import { describe, expect, it, vi } from 'vitest'
import { openOne } from './fake-binding.js'
import { turns } from './turn.js'

describe('isolation', () => {
  it.each([
    ['throws', () => { throw new Error('boom') }],
    ['throws undefined', () => { throw undefined }],
    ['rejects', () => Promise.reject(new Error('boom'))],
    ['rejects with null', () => Promise.reject(null)],
    ['returns a thenable that throws', () => ({ then() { throw new Error('boom') } })],
    ['returns an object whose `then` throws', () => ({ get then() { throw new Error('boom') } })],
    ['returns an impostor of a promise', () => Object.create(Promise.prototype) as unknown],
  ])('a task that %s is reported once, and the next one runs', async (_how, work) => {
    const { exchange, lifecycle } = openOne()
    const next = vi.fn()
    const handle = exchange.after(work)
    exchange.after(next)
    exchange.finish()
    await turns()
    expect(next).toHaveBeenCalledTimes(1)
    expect(handle.state).toBe('failed')
    expect(lifecycle.faults).toHaveLength(1)
    expect(lifecycle.faults[0]).toMatchObject({ source: 'task' })
    expect(exchange.phase).toBe('drained')
  })

  it('holds for the promise that was scheduled itself, before the end and after it', async () => {
    const { exchange, lifecycle } = openOne()
    const early = exchange.after(Promise.reject(new Error('early')))
    const impostor = exchange.after(Object.create(Promise.prototype) as Promise<void>)
    await turns()
    exchange.finish()
    const late = exchange.after(Promise.reject(new Error('late')))
    await turns()
    expect([early.state, impostor.state, late.state]).toEqual(['failed', 'failed', 'failed'])
    expect(lifecycle.faults).toHaveLength(3)
    expect(exchange.phase).toBe('drained')
  })

  it('holds for a `when` that is async', async () => {
    const { exchange, lifecycle } = openOne()
    const task = vi.fn()
    const handle = exchange.after(task, { when: (() => Promise.reject(new Error('boom'))) as never })
    exchange.finish()
    expect(await handle.done).toBe('failed')
    expect(task).not.toHaveBeenCalled()
    expect(lifecycle.codes).toEqual(['ERR_LIFECYCLE_ASYNC_LISTENER'])
  })

  it('holds for what the application subscribed', async () => {
    const { exchange, lifecycle } = openOne({
      onOutcome: () => { throw 'outcome' },
      onRefused: async () => { throw 'refused' },
    })
    const task = vi.fn()
    exchange.after(task)
    exchange.finish()
    lifecycle.scheduler.sealed = true
    exchange.after(() => {})
    await turns()
    expect(task).toHaveBeenCalledTimes(1)
    expect(lifecycle.faults.filter(({ source }) => source === 'subscriber').map(({ error }) => error)).toEqual(['refused', 'outcome'])
  })
})

describe('depth', () => {
  it.each([true, false])('is capped, and what is beyond it reported (context: %s)', async (context) => {
    const onRefused = vi.fn()
    const { exchange, lifecycle } = openOne({ context, maxDepth: 4, onRefused })
    let ran = 0
    const nest = (): void => {
      ran++
      exchange.after(nest, { name: 'nest' })
    }
    exchange.after(nest)
    exchange.finish()
    await lifecycle.idle()
    expect(ran).toBe(4)
    expect(lifecycle.codes).toEqual(['ERR_LIFECYCLE_TASK_DEPTH'])
    expect(onRefused).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ name: 'nest', state: 'refused' }), lifecycle.faults[0]?.error)
    expect(exchange.phase).toBe('drained')
  })

  it('does not count a chain of late calls from outside', async () => {
    const { exchange, lifecycle } = openOne({ maxDepth: 2 })
    exchange.finish()
    for (let count = 0; count < 10; count++) await exchange.after(() => {}).done
    expect(lifecycle.scheduler.counts).toMatchObject({ completed: 10, refused: 0 })
  })

  it('does not grow while one long task schedules short ones, without the context', async () => {
    const { exchange, lifecycle } = openOne({ context: false, maxDepth: 4 })
    exchange.after(async () => {
      for (let count = 0; count < 10; count++) await exchange.after(() => {}).done
    })
    exchange.finish()
    await lifecycle.idle()
    expect(lifecycle.scheduler.counts.refused).toBe(0)
  })
})

describe('a refused task', () => {
  it('is reported and told, and does not run; its promise is still followed', async () => {
    const onRefused = vi.fn()
    const { exchange, lifecycle } = openOne({ onRefused })
    exchange.finish()
    lifecycle.scheduler.sealed = true
    const task = vi.fn()
    const handles = [exchange.after(task), exchange.after(Promise.reject(new Error('boom')))]
    await turns()
    expect(task).not.toHaveBeenCalled()
    for (const handle of handles) expect(await handle.done).toBe('refused')
    expect(onRefused).toHaveBeenCalledTimes(2)
    expect(lifecycle.codes).toEqual(['ERR_LIFECYCLE_SEALED', 'ERR_LIFECYCLE_SEALED', undefined])
    expect(lifecycle.scheduler.counts).toMatchObject({ scheduled: 2, refused: 2, failed: 0 })
    expect(lifecycle.isIdle).toBe(true)
  })
})
