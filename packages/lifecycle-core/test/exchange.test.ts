import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import type { ResponseHead } from '../src/binding.js'
import { channelNames } from '../src/channels.js'
import { LifecycleError } from '../src/errors.js'
import { openOne } from './fake-binding.js'
import { turns } from './turn.js'

const head = {} as ResponseHead

describe('commit listeners', () => {
  it('run once, the last registered first, with the head and the exchange', () => {
    const { exchange } = openOne()
    const calls: unknown[] = []
    exchange.onCommit((...args) => calls.push(['first', ...args]))
    exchange.onCommit((...args) => calls.push(['second', ...args]))
    expect(exchange.awaitsHead).toBe(true)
    exchange.tellHead(head)
    exchange.tellHead(head)
    expect(exchange.awaitsHead).toBe(false)
    expect(calls).toEqual([['second', head, exchange], ['first', head, exchange]])
  })

  it.each(['commit', 'finish', 'abort'] as const)('are refused after %s, and never run', (signal) => {
    const { exchange } = openOne()
    const calls: string[] = []
    exchange.onCommit(() => calls.push('early'))
    if (signal === 'commit') exchange.commit(200)
    else if (signal === 'finish') exchange.finish()
    else exchange.abort('client')
    expect(() => exchange.onCommit(() => calls.push('late'))).toThrow(expect.objectContaining({ code: 'ERR_LIFECYCLE_COMMITTED' }))
    expect(exchange.awaitsHead).toBe(false)
    exchange.tellHead(head)
    expect(calls).toEqual([])
  })

  it('that throw go to the sink, and the others still run', () => {
    const { exchange, lifecycle } = openOne()
    const calls: string[] = []
    exchange.onCommit(() => calls.push('other'))
    exchange.onCommit(() => {
      throw 'boom'
    })
    exchange.tellHead(head)
    expect(calls).toEqual(['other'])
    expect(lifecycle.faults).toEqual([{ error: 'boom', source: 'commit-listener', task: null }])
  })

  it('that are async are reported, and so is their rejection', async () => {
    const { exchange, lifecycle } = openOne()
    exchange.onCommit((async () => {
      throw new Error('boom')
    }) as never)
    exchange.tellHead(head)
    await turns()
    expect(lifecycle.faults.map(({ error }) => (error as Error).message)).toEqual([expect.stringContaining('ERR_LIFECYCLE_ASYNC_LISTENER'), 'boom'])
  })

  it('that register another one are heard', () => {
    const { exchange } = openOne()
    const calls: string[] = []
    let refusal: unknown
    exchange.onCommit(() => {
      try {
        exchange.onCommit(() => calls.push('nested'))
      } catch (error) {
        refusal = error
      }
    })
    exchange.tellHead(head)
    exchange.commit(200)
    expect(calls.length === 1 || refusal instanceof LifecycleError).toBe(true)
  })
})

describe('signal', () => {
  it.each([
    ['client', 'ERR_LIFECYCLE_CLIENT_LEFT'],
    ['deadline', 'ERR_LIFECYCLE_DEADLINE'],
    ['drain', 'ERR_LIFECYCLE_DRAINING'],
    ['server', 'ERR_LIFECYCLE_ABORTED'],
    ['timeout', 'ERR_LIFECYCLE_ABORTED'],
    ['parse-error', 'ERR_LIFECYCLE_ABORTED'],
    ['detached', 'ERR_LIFECYCLE_ABORTED'],
  ] as const)('aborts on %s with %s, whether it was read before the end or after it', async (reason, code) => {
    const early = openOne().exchange
    const { signal } = early
    early.abort(reason)
    const late = openOne().exchange
    late.abort(reason)
    await turns()
    for (const each of [signal, late.signal]) expect(each).toMatchObject({ aborted: true, reason: { code } })
    expect(early.signal).toBe(signal)
  })

  it('never aborts after the exchange finished', async () => {
    const { exchange } = openOne()
    const { signal } = exchange
    exchange.finish()
    exchange.abort('client')
    await turns()
    expect(signal.aborted).toBe(false)
    const unread = openOne().exchange
    unread.finish()
    expect(unread.signal.aborted).toBe(false)
  })
})

describe('a handler that fails', () => {
  it('leaves the answer to the framework before the commit', () => {
    const { exchange, lifecycle, res } = openOne()
    expect(exchange.handlerFailed(new Error('boom'))).toBe(true)
    expect(lifecycle.faults).toEqual([])
    expect(res.destroyed).toBe(0)
  })

  it('after the commit is reported, and the response destroyed', () => {
    const { exchange, lifecycle, res } = openOne()
    exchange.commit(200)
    expect(exchange.handlerFailed('boom')).toBe(false)
    expect(lifecycle.faults).toEqual([{ error: 'boom', source: 'handler', task: null }])
    expect(res.destroyed).toBe(1)
  })

  it('after it wrote all of the response is reported only', () => {
    const { exchange, lifecycle, res } = openOne()
    exchange.commit(200)
    res.written = true
    expect(exchange.handlerFailed('boom')).toBe(false)
    expect(lifecycle.faults).toHaveLength(1)
    expect(res.destroyed).toBe(0)
  })

  it('with the reason of its own signal is no fault', async () => {
    const { exchange, lifecycle } = openOne()
    const { signal } = exchange
    exchange.abort('client')
    await turns()
    expect(exchange.handlerFailed(signal.reason)).toBe(false)
    expect(lifecycle.faults).toEqual([])
  })
})

describe('the channels', () => {
  it('tell start, commit, end and drained, in this order', async () => {
    const seen: string[] = []
    const listeners = Object.entries(channelNames).map(([key, name]) => {
      const listener = (message: unknown): void => void seen.push(`${key} ${(message as { exchange?: { phase: string } }).exchange?.phase}`)
      subscribe(name, listener)
      return () => unsubscribe(name, listener)
    })
    const { exchange } = openOne()
    exchange.after(() => {})
    exchange.commit(200)
    exchange.finish()
    await turns()
    for (const stop of listeners) stop()
    expect(seen).toEqual([
      'exchangeStart received', 'exchangeCommit committed', 'exchangeEnd finished', 'taskStart finished', 'taskEnd finished', 'exchangeDrained drained',
    ])
  })

  it('call no subscriber inside the signal that ends the exchange', () => {
    const seen: unknown[] = []
    const listener = (message: unknown): void => void seen.push(message)
    subscribe(channelNames.exchangeDrained, listener)
    const { exchange } = openOne()
    exchange.finish()
    unsubscribe(channelNames.exchangeDrained, listener)
    expect(seen).toEqual([])
  })
})
