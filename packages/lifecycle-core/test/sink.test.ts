import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { channelNames } from '../src/channels.js'
import { isThenable, settle, Sink, type Fault } from '../src/sink.js'
import { turns } from './turn.js'

const fault: Fault = { source: 'task', phase: 'finished', exchangeId: 'x-1', task: 'mail', outcome: null, route: null }

let lines: string[] = []
beforeEach(() => {
  lines = []
  vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line))
})
afterEach(() => {
  vi.restoreAllMocks()
})

const hostile = new Proxy({}, {
  get: () => {
    throw new Error('do not look at me')
  },
})

describe('Sink', () => {
  it('gives the fault to onError, and prints nothing', () => {
    const onError = vi.fn()
    const error = new Error('boom')
    new Sink(onError).report(error, fault)
    expect(onError).toHaveBeenCalledExactlyOnceWith(error, fault)
    expect(lines).toEqual([])
  })

  it('prints one structured line by default', () => {
    new Sink().report(new Error('boom'), fault)
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      level: 'error', msg: 'afterword fault', source: 'task', task: 'mail', exchangeId: 'x-1', error: expect.stringContaining('boom'),
    })
  })

  it.each([undefined, null, 0, 'text', Symbol('s'), 10n, {}, hostile, Object.create(null)])('prints anything that can be thrown: #%$', (thrown) => {
    new Sink().report(thrown, fault)
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] as string)).toHaveProperty('error')
  })

  it.each([
    ['throws', () => { throw new Error('sink is broken') }],
    ['rejects', () => Promise.reject(new Error('sink is broken'))],
    ['returns a hostile thenable', () => ({ then() { throw new Error('sink is broken') } })],
  ])('prints both errors, once, when onError %s', async (_how, onError) => {
    new Sink(onError).report(new Error('boom'), fault)
    await turns()
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      msg: 'afterword sink failed', sinkError: expect.stringContaining('sink is broken'), error: expect.stringContaining('boom'),
    })
  })

  it('publishes on the channel besides', () => {
    const messages: unknown[] = []
    const listener = (message: unknown): void => void messages.push(message)
    subscribe(channelNames.fault, listener)
    new Sink(() => {}).report('boom', fault)
    unsubscribe(channelNames.fault, listener)
    expect(messages).toEqual([{ error: 'boom', fault }])
  })
})

describe('isThenable', () => {
  it.each([
    [Promise.resolve(), true],
    [{ then() {} }, true],
    [Object.assign(() => {}, { then() {} }), true],
    [{ then: 1 }, false],
    [null, false],
    [undefined, false],
    ['then', false],
    [() => {}, false],
  ])('#%$ -> %s', (value, expected) => expect(isThenable(value)).toBe(expected))
})

describe('settle', () => {
  it.each([
    ['a promise', () => Promise.resolve(1), 'fulfilled'],
    ['a rejection', () => Promise.reject(new Error('no')), 'no'],
    ['a thenable that throws', () => ({ then() { throw new Error('no') } }), 'no'],
    ['a thenable that settles twice', () => ({ then(fulfil: (value: number) => void) { fulfil(1); fulfil(2); throw new Error('no') } }), 'fulfilled'],
    ['a promise with an own `then`', () => Object.assign(Promise.reject(new Error('no')), { then() {} }), 'no'],
    ['a thenable whose `then` can be read once', () => {
      let reads = 0
      return { get then() { if (reads++ > 0) throw new Error('no'); return () => {} } }
    }, 'no'],
  ] as const)('treats %s like a promise', async (_what, make, expected) => {
    const seen: string[] = []
    const value = make() as PromiseLike<unknown>
    expect(isThenable(value)).toBe(true)
    settle(value, () => seen.push('fulfilled'), (error) => seen.push((error as Error).message))
    await turns()
    expect(seen).toEqual([expected])
  })
})
