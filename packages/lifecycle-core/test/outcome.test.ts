import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { channelNames } from '../src/channels.js'
import type { LifecycleOptions } from '../src/options.js'
import { isSuccess, LazyOutcome, type Outcome } from '../src/outcome.js'
import { openOne } from './fake-binding.js'

function listener(): void {}

const facts: Omit<Outcome, 'headers'> = {
  kind: 'finished',
  reason: null,
  position: null,
  status: 201,
  body: null,
  bytes: 17,
  error: undefined,
  transaction: null,
  method: 'POST',
  url: '/orders',
  route: '/orders',
  receivedAt: 1,
  timeToCommitMs: 2,
  durationMs: 3,
}

describe('LazyOutcome', () => {
  it('is frozen, and so are its headers', () => {
    const outcome = new LazyOutcome(facts, {}, () => ({ 'x-a': '1' }))
    expect(Object.isFrozen(outcome)).toBe(true)
    expect(Object.isFrozen(outcome.headers)).toBe(true)
    expect(() => Object.assign(outcome, { status: 500 })).toThrow(TypeError)
    expect(() => Object.assign(outcome.headers, { 'x-b': '2' })).toThrow(TypeError)
    expect(outcome.status).toBe(201)
  })

  it('parses the head once, and only when it is read', () => {
    const parse = vi.fn((head: unknown) => ({ 'x-head': String(head) }))
    const outcome = new LazyOutcome(facts, 'raw', parse)
    expect(parse).not.toHaveBeenCalled()
    expect(outcome.headers).toEqual({ 'x-head': 'raw' })
    expect(outcome.headers).toBe(outcome.headers)
    expect(parse).toHaveBeenCalledExactlyOnceWith('raw')
  })

  it('has empty headers when nothing was committed', () => {
    const parse = vi.fn(() => ({}))
    expect(new LazyOutcome({ ...facts, status: null }, undefined, parse).headers).toEqual({})
    expect(parse).not.toHaveBeenCalled()
  })

  it('is serialized whole, headers included', () => {
    const outcome = new LazyOutcome(facts, {}, () => ({ 'x-a': '1' }))
    const { error: _error, ...rest } = facts
    expect(JSON.parse(JSON.stringify(outcome))).toEqual({ ...rest, headers: { 'x-a': '1' } })
  })
})

describe('isSuccess', () => {
  it.each([
    [{}, true],
    [{ status: 399 }, true],
    [{ status: 400 }, false],
    [{ status: 503 }, false],
    [{ kind: 'aborted', reason: 'client' }, false],
    [{ error: new Error('boom') }, false],
    [{ error: null }, false],
  ] as const)('%o -> %s', (change, expected) => {
    expect(isSuccess(new LazyOutcome({ ...facts, ...change }, undefined, () => ({})))).toBe(expected)
  })
})

describe('the outcome of an exchange', () => {
  it('is undefined until the end, and then always the same object', () => {
    const { exchange } = openOne()
    expect(exchange.outcome).toBeUndefined()
    exchange.commit(200)
    expect(exchange.outcome).toBeUndefined()
    exchange.finish()
    expect(exchange.outcome).toMatchObject({ kind: 'finished', reason: null, position: null, status: 200 })
    expect(exchange.outcome).toBe(exchange.outcome)
  })

  it('invents no status', () => {
    const { exchange } = openOne()
    exchange.abort('client')
    expect(exchange.outcome).toMatchObject({ kind: 'aborted', reason: 'client', position: 'before-commit', status: null, headers: {} })
  })

  it('takes method, url, route, head and bytes from the binding at the end', () => {
    const { exchange, res } = openOne()
    exchange.commit(200)
    Object.assign(res, { head: { 'x-a': '1' }, bytes: 42, route: '/things/:id' })
    exchange.finish()
    Object.assign(res, { head: { 'x-a': '2' }, bytes: 43, route: '/other' })
    expect(exchange.outcome).toMatchObject({ method: 'GET', url: '/', route: '/things/:id', bytes: 42, headers: { 'x-a': '1' } })
  })

  it('carries times that fit together', () => {
    const before = performance.timeOrigin + performance.now()
    const { exchange } = openOne({ timings: true })
    exchange.commit(200)
    exchange.finish()
    const { receivedAt, timeToCommitMs, durationMs } = exchange.outcome
    expect(receivedAt).toBeGreaterThanOrEqual(before)
    expect(timeToCommitMs).toBeGreaterThanOrEqual(0)
    expect(durationMs).toBeGreaterThanOrEqual(timeToCommitMs as number)
  })

  it('carries no times unless somebody asks for them', () => {
    const times = { receivedAt: expect.any(Number), timeToCommitMs: expect.any(Number), durationMs: expect.any(Number) }
    const none = { receivedAt: null, timeToCommitMs: null, durationMs: null }
    const cases: [LifecycleOptions, object][] = [
      [{}, none],
      [{ timings: true }, times],
      [{ onOutcome() {} }, times],
      [{ exchangeTimeout: 1000 }, times],
      [{ timings: false, onOutcome() {} }, none],
      [{ timings: false, exchangeTimeout: 1000 }, none],
    ]
    for (const [options, expected] of cases) {
      const { exchange, lifecycle } = openOne(options)
      exchange.commit(200)
      exchange.finish()
      lifecycle.ticker.stop()
      expect(exchange.outcome).toMatchObject(expected)
    }
  })

  it('carries times while somebody subscribes to the ends', () => {
    subscribe(channelNames.exchangeEnd, listener)
    onTestFinished(() => void unsubscribe(channelNames.exchangeEnd, listener))
    const { exchange } = openOne()
    exchange.finish()
    expect(exchange.outcome.durationMs).toBeTypeOf('number')
  })

  it('keeps what the handler threw', () => {
    const { exchange } = openOne()
    const error = new Error('boom')
    expect(exchange.handlerFailed(error)).toBe(true)
    exchange.commit(500)
    exchange.finish()
    expect(exchange.outcome.error).toBe(error)
  })
})
