import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Exchange } from '../src/exchange.js'
import { openOne, TestLifecycle } from './fake-binding.js'
import { defer, turns } from './turn.js'

const never = (): Promise<void> => new Promise(() => {})

describe('order', () => {
  it('is that of scheduling, functions and nested ones alike', async () => {
    const { exchange } = openOne()
    const order: string[] = []
    exchange.after(() => {
      order.push('a')
      exchange.after(() => order.push('a1'))
    })
    exchange.after(async () => order.push('b'))
    exchange.finish()
    exchange.after(() => order.push('c'))
    await turns()
    expect(order).toEqual(['a', 'b', 'c', 'a1'])
  })

  it('tells every end of a turn before it starts a task', async () => {
    const order: string[] = []
    const lifecycle = new TestLifecycle({ onOutcome: ({ url }) => order.push(`end ${url}`) })
    for (const url of ['/1', '/2']) {
      const exchange = lifecycle.take(undefined, 'GET', url)
      exchange.after(() => order.push(`task ${url}`))
      exchange.finish()
    }
    await turns()
    expect(order).toEqual(['end /1', 'end /2', 'task /1', 'task /2'])
  })

  it('starts nothing in the turn of the end, not even on microtasks', async () => {
    const { exchange } = openOne()
    const task = vi.fn()
    exchange.after(task)
    exchange.finish()
    for (let count = 0; count < 100; count++) await undefined
    expect(task).not.toHaveBeenCalled()
    await turns()
    expect(task).toHaveBeenCalledTimes(1)
  })
})

describe('the turn', () => {
  it('yields to I/O when its time is used up', async () => {
    const { exchange, lifecycle } = openOne()
    const clock = vi.spyOn(performance, 'now')
    let now = 1000
    clock.mockImplementation(() => now)
    const perTurn: number[] = []
    let ran = 0
    for (let count = 0; count < 10; count++) exchange.after(() => {
      now += 0.5
      ran++
    })
    exchange.finish()
    while (lifecycle.scheduler.unsettled.size > 0) {
      const before = ran
      await turns(1)
      perTurn.push(ran - before)
    }
    clock.mockRestore()
    expect(perTurn).toEqual([2, 2, 2, 2, 2])
  })

  it('looks at the clock behind at most eight tasks, however short', async () => {
    const { exchange } = openOne()
    const ran: number[] = []
    const clock = vi.spyOn(performance, 'now')
    clock.mockImplementation(() => {
      ran.push(0)
      return 1000
    })
    for (let count = 0; count < 100; count++) exchange.after(() => void ran.push((ran.pop() as number) + 1))
    exchange.finish()
    await turns(1)
    clock.mockRestore()
    expect(ran.reduce((sum, each) => sum + each)).toBe(100)
    expect(Math.max(...ran)).toBe(8)
  })

  it('starts at least one task, however slow', async () => {
    const { exchange } = openOne()
    const clock = vi.spyOn(performance, 'now')
    let now = 1000
    clock.mockImplementation(() => now)
    const ran: number[] = []
    for (let count = 0; count < 3; count++) exchange.after(() => {
      now += 100
      ran.push(count)
    })
    exchange.finish()
    await turns(1)
    expect(ran).toEqual([0])
    await turns(2)
    clock.mockRestore()
    expect(ran).toEqual([0, 1, 2])
  })

  it.each([
    ['a function', () => {}],
    ['a promise that another of the turn brings', (exchange: Exchange) => void exchange.waitUntil(never())],
  ])('times a task from its own start, however slow those before it were; behind it comes %s', async (_name, bring) => {
    const clock = vi.spyOn(performance, 'now')
    onTestFinished(() => clock.mockRestore())
    let now = 1000
    clock.mockImplementation(() => now)
    // Wherever it stands between two looks at the clock.
    for (let before = 0; before < 20; before++) {
      const { exchange, lifecycle } = openOne({ taskTimeout: 1000 })
      let startedAt = 0
      for (let count = 0; count < before; count++) exchange.after(() => {})
      exchange.after(() => void (now += 100))
      const task = exchange.after(() => {
        startedAt = now
        return never()
      }, { timeout: 50 })
      exchange.after(() => {
        now += 10
        bring(exchange)
      })
      exchange.finish()
      await turns()
      lifecycle.scheduler.expire(startedAt + 49)
      expect(task.state, `behind ${before}`).toBe('running')
      lifecycle.scheduler.expire(now + 50)
      expect(task.state, `behind ${before}`).toBe('timed-out')
      lifecycle.ticker.stop()
    }
  })
})

describe('concurrency', () => {
  it('limits how many run at a time, across exchanges', async () => {
    const lifecycle = new TestLifecycle({ concurrency: 3 })
    const gates = Array.from({ length: 10 }, () => defer())
    let running = 0
    let most = 0
    for (const gate of gates) {
      const exchange = lifecycle.take()
      exchange.after(async () => {
        most = Math.max(most, ++running)
        await gate.promise
        running--
      })
      exchange.finish()
    }
    await turns()
    expect(running).toBe(3)
    for (const gate of gates) {
      gate.resolve()
      await turns()
    }
    expect(most).toBe(3)
    expect(running).toBe(0)
    expect(lifecycle.isIdle).toBe(true)
  })

  it('is not used up by promises, which run anyway', async () => {
    const { exchange } = openOne({ concurrency: 1 })
    const task = vi.fn()
    for (let count = 0; count < 5; count++) exchange.after(new Promise(() => {}))
    exchange.after(task)
    exchange.finish()
    await turns()
    expect(task).toHaveBeenCalledTimes(1)
  })

  it.each(['throws', 'rejects', 'is not wanted', 'is cancelled while it runs'])('gets its place back from a task that %s', async (how) => {
    const { exchange } = openOne({ concurrency: 1 })
    const first = exchange.after(() => {
      if (how === 'throws') throw new Error('boom')
      return how === 'rejects' ? Promise.reject(new Error('boom')) : new Promise(() => {})
    }, how === 'is not wanted' ? { when: 'aborted' } : {})
    const task = vi.fn()
    exchange.after(task)
    exchange.finish()
    await turns()
    if (how === 'is cancelled while it runs') first.cancel()
    await turns()
    expect(task).toHaveBeenCalledTimes(1)
  })
})

describe('late calls', () => {
  it('run at once on an exchange that is drained, and are in flight until they settle', async () => {
    const { exchange, lifecycle } = openOne()
    exchange.finish()
    expect(exchange.phase).toBe('drained')
    const gate = defer()
    const handle = exchange.after(() => gate.promise)
    expect(lifecycle.isIdle).toBe(false)
    await turns()
    expect(handle.state).toBe('running')
    gate.resolve()
    await lifecycle.idle()
    expect(exchange.phase).toBe('drained')
    expect(lifecycle.open.size).toBe(0)
  })
})
