import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it, vi } from 'vitest'
import { after, current, currentTask, onCommit } from '../src/context.js'
import { LifecycleError } from '../src/errors.js'
import { openOne } from './fake-binding.js'
import { defer, turns } from './turn.js'

describe('outside a request', () => {
  it('there is no current exchange', () => {
    expect(current()).toBeUndefined()
    expect(currentTask()).toBeUndefined()
  })

  it.each([
    ['after', () => after(() => {})],
    ['onCommit', () => onCommit(() => {})],
  ])('%s() throws and names itself', (name, call) => {
    expect(call).toThrow(LifecycleError)
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_LIFECYCLE_NO_EXCHANGE', message: expect.stringContaining(`${name}() was called outside a request`) }))
  })
})

describe('inside a request', () => {
  it('the free functions act on the current exchange, across awaits', async () => {
    const { exchange, lifecycle } = openOne()
    await exchange.run(async () => {
      expect(current()).toBe(exchange)
      await Promise.resolve()
      after(() => {})
      onCommit(() => {})
      expect(current()).toBe(exchange)
    })
    expect(exchange.phase).toBe('handling')
    expect(exchange.awaitsHead).toBe(true)
    expect(lifecycle.scheduler.counts.scheduled).toBe(1)
    expect(current()).toBeUndefined()
  })

  it('exchanges do not see each other', async () => {
    const exchanges = Array.from({ length: 10 }, () => openOne().exchange)
    const seen = await Promise.all(exchanges.map((exchange) => exchange.run(async () => {
      await turns()
      return current()
    })))
    expect(seen).toEqual(exchanges)
  })

  it('a handler passes its arguments and its result on', () => {
    expect(openOne().exchange.run((a: number, b: number) => a + b, 1, 2)).toBe(3)
    expect(openOne({ context: false }).exchange.run((a: number, b: number) => a + b, 1, 2)).toBe(3)
  })
})

describe('with `context: false`', () => {
  it('the free functions throw, the methods of the exchange work', async () => {
    const { exchange, lifecycle } = openOne({ context: false })
    exchange.run(() => {
      expect(current()).toBeUndefined()
      expect(() => after(() => {})).toThrow(expect.objectContaining({ code: 'ERR_LIFECYCLE_NO_EXCHANGE' }))
      exchange.after(() => {})
    })
    exchange.finish()
    await turns()
    expect(lifecycle.scheduler.counts.completed).toBe(1)
  })
})

describe('a task', () => {
  it.each(['finish', 'abort'] as const)('runs in the async context in which it was scheduled, after %s', async (end) => {
    const store = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const { exchange } = openOne()
    const handle = exchange.run(() => store.run('own', () => after(async () => {
      seen.push(store.getStore(), current()?.id)
      await turns(1)
      seen.push(store.getStore(), current()?.id)
    })))
    store.run('other', () => (end === 'finish' ? exchange.finish() : exchange.abort('client')))
    await handle.done
    expect(seen).toEqual(['own', exchange.id, 'own', exchange.id])
  })

  it('leaves no trace of itself in the next one of its turn', async () => {
    const { exchange } = openOne()
    const second = openOne().exchange
    const seen: unknown[] = []
    exchange.after(() => seen.push(currentTask()?.name), { name: 'one' })
    second.after(() => seen.push(currentTask()?.name), { name: 'two' })
    exchange.finish()
    second.finish()
    await turns()
    expect(seen).toEqual(['one', 'two'])
    expect(currentTask()).toBeUndefined()
  })

  it('schedules on its own exchange, one level deeper', async () => {
    const { exchange, lifecycle } = openOne()
    const depths: unknown[] = []
    exchange.run(() => after(async () => {
      depths.push(currentTask()?.depth)
      await turns(1)
      after(() => depths.push(currentTask()?.depth))
      after(() => depths.push(currentTask()?.depth))
    }))
    exchange.finish()
    await lifecycle.idle()
    expect(depths).toEqual([1, 2, 2])
  })
})

describe('two copies of the package', () => {
  it('share one storage', async () => {
    vi.resetModules()
    const other = await import('../src/context.js')
    expect(other.current).not.toBe(current)
    const { exchange } = openOne()
    expect(exchange.run(() => other.current())).toBe(exchange)
    const gate = defer()
    const handle = exchange.run(() => other.after(() => gate.resolve()))
    exchange.finish()
    await gate.promise
    expect(await handle.done).toBe('completed')
  })
})
