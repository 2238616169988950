import { describe, expect, it, vi } from 'vitest'
import { Lanes, Stand } from '../src/lane.js'
import type { Task } from '../src/task.js'
import { openOne, TestLifecycle } from './fake-binding.js'
import { defer, hourMs, turns } from './turn.js'

const stand = (name: string, key: string): Stand => new Stand({ name } as Task, key)

describe('a lane', () => {
  it('lets the first in, and then one after another', () => {
    const lanes = new Lanes()
    const [a, b, c] = [stand('a', 'k'), stand('b', 'k'), stand('c', 'k')]
    expect([a, b, c].map((each) => lanes.enter(each))).toEqual([true, false, false])
    expect(lanes.leave(a)?.name).toBe('b')
    expect(lanes.leave(b)?.name).toBe('c')
    expect(lanes.leave(c)).toBeUndefined()
  })

  it('is left from anywhere, and leaves nothing behind', () => {
    const lanes = new Lanes()
    const [a, b, c] = [stand('a', 'k'), stand('b', 'k'), stand('c', 'k')]
    for (const each of [a, b, c]) lanes.enter(each)
    expect(lanes.leave(b)).toBeUndefined()
    expect(lanes.leave(a)?.name).toBe('c')
    lanes.leave(c)
    expect(lanes.byKey.size).toBe(0)
  })

  it('has nothing to do with the lanes of other keys, and 1 is not "1"', () => {
    const lanes = new Lanes()
    expect(lanes.enter(stand('a', 'k'))).toBe(true)
    expect(lanes.enter(stand('b', 'l'))).toBe(true)
    expect(lanes.enter(new Stand({} as Task, 1))).toBe(true)
    expect(lanes.enter(new Stand({} as Task, '1'))).toBe(true)
  })

  it('need not have been entered', () => {
    expect(new Lanes().leave(stand('a', 'k'))).toBeUndefined()
  })
})

/** An exchange that has ended, with tasks of one key that wait for gates. */
function line(lifecycle: TestLifecycle, count: number, key = 'k') {
  const started: number[] = []
  const gates = Array.from({ length: count }, () => defer())
  const handles = gates.map((gate, n) => {
    const exchange = lifecycle.take()
    const handle = exchange.after(() => {
      started.push(n)
      return gate.promise
    }, { key })
    exchange.finish()
    return handle
  })
  return { started, gates, handles }
}

describe('tasks that share a key', () => {
  it('run in the order in which their exchanges ended', async () => {
    const lifecycle = new TestLifecycle()
    const order: string[] = []
    const [first, second] = [lifecycle.take(), lifecycle.take()]
    first.after(async () => (await turns(2), order.push('first')), { key: 'k' })
    second.after(async () => (await turns(2), order.push('second')), { key: 'k' })
    second.finish()
    first.finish()
    await lifecycle.idle()
    expect(order).toEqual(['second', 'first'])
  })

  it('do not wait for an exchange that has not ended', async () => {
    const lifecycle = new TestLifecycle()
    const stream = lifecycle.take()
    const never = stream.after(() => {}, { key: 'k' })
    const { started } = line(lifecycle, 1)
    await turns()
    expect(started).toEqual([0])
    expect(never.state).toBe('queued')
  })

  it('go on after one that throws, rejects, is not wanted, has a condition that throws', async () => {
    const { exchange, lifecycle } = openOne()
    const last = vi.fn()
    exchange.after(() => { throw new Error('boom') }, { key: 'k' })
    exchange.after(() => Promise.reject(new Error('boom')), { key: 'k' })
    exchange.after(() => {}, { key: 'k', when: 'aborted' })
    exchange.after(() => {}, { key: 'k', when: () => { throw new Error('boom') } })
    exchange.after(last, { key: 'k' })
    exchange.finish()
    await lifecycle.idle()
    expect(last).toHaveBeenCalledTimes(1)
    expect(lifecycle.scheduler.lanes.byKey.size).toBe(0)
  })

  it('wait for one that was cancelled or timed out while it ran, until it settles', async () => {
    const lifecycle = new TestLifecycle({ taskTimeout: hourMs })
    const { started, gates, handles } = line(lifecycle, 3)
    await turns()
    handles[0]?.cancel()
    await turns()
    expect([handles[0]?.state, started]).toEqual(['cancelled', [0]])
    gates[0]?.resolve()
    await turns()
    lifecycle.scheduler.expire(performance.now() + hourMs)
    await turns()
    expect([handles[1]?.state, started]).toEqual(['timed-out', [0, 1]])
    gates[1]?.reject(new Error('late'))
    gates[2]?.resolve()
    await lifecycle.idle()
    expect(started).toEqual([0, 1, 2])
  })

  it('pass over those that are cancelled while they wait, and keep nothing of them', async () => {
    const lifecycle = new TestLifecycle()
    const { started, gates, handles } = line(lifecycle, 4)
    await turns()
    handles[1]?.cancel()
    handles[2]?.cancel()
    expect(lifecycle.stats()).toMatchObject({ queued: 1, running: 1, cancelled: 2 })
    gates[0]?.resolve()
    gates[3]?.resolve()
    await lifecycle.idle()
    expect(started).toEqual([0, 3])
  })

  it('pass the key on when the first is cancelled before it starts', async () => {
    const lifecycle = new TestLifecycle({ concurrency: 1 })
    const blocker = lifecycle.take()
    const gate = defer()
    blocker.after(() => gate.promise)
    blocker.finish()
    const { started, gates, handles } = line(lifecycle, 2)
    await turns()
    handles[0]?.cancel()
    gate.resolve()
    gates[1]?.resolve()
    await lifecycle.idle()
    expect(started).toEqual([1])
  })

  it('take no place while they wait for their key', async () => {
    const lifecycle = new TestLifecycle({ concurrency: 2 })
    const { started, gates } = line(lifecycle, 5)
    const other = line(lifecycle, 1, 'l')
    await turns()
    expect([started, other.started]).toEqual([[0], [0]])
    for (const gate of [...gates, ...other.gates]) gate.resolve()
    await lifecycle.idle()
    expect(started).toEqual([0, 1, 2, 3, 4])
  })

  it.each([1, 2, 7])('and a concurrency of %i never lock each other', async (concurrency) => {
    const lifecycle = new TestLifecycle({ concurrency })
    const last = new Map<number, number>()
    for (let n = 0; n < 1000; n++) {
      const exchange = lifecycle.take()
      const key = (n * 7) % 13
      exchange.after(async () => {
        expect(last.get(key) ?? -1).toBeLessThan(n)
        last.set(key, n)
        await undefined
      }, { key })
      if (n % 3 === 0) exchange.after(() => turns(1))
      exchange.finish()
    }
    await lifecycle.idle()
    expect(lifecycle.stats()).toMatchObject({ scheduled: 1334, completed: 1334, failed: 0 })
    expect(lifecycle.scheduler.lanes.byKey.size).toBe(0)
  })

  it('nested in one that runs start after it', async () => {
    const { exchange, lifecycle } = openOne()
    const order: string[] = []
    exchange.after(async () => {
      exchange.after(() => order.push('nested'), { key: 'k' })
      await turns(3)
      order.push('outer')
    }, { key: 'k' })
    exchange.finish()
    await lifecycle.idle()
    expect(order).toEqual(['outer', 'nested'])
  })
})
