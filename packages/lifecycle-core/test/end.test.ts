import { describe, expect, it } from 'vitest'
import type { AbortReason } from '../src/binding.js'
import { exchangeOf } from '../src/lifecycle.js'
import { FakeResponse, openOne, TestLifecycle } from './fake-binding.js'
import { turns } from './turn.js'

const reasons: AbortReason[] = ['client', 'server', 'timeout', 'parse-error', 'deadline', 'drain', 'detached']

describe('the end', () => {
  const moves = {
    handle: (exchange) => exchange.run(() => {}),
    commit: (exchange) => exchange.commit(200),
    finish: (exchange) => exchange.finish(),
    abort: (exchange) => exchange.abort('client'),
    cut: (exchange) => exchange.cut('deadline'),
  } satisfies Record<string, (exchange: ReturnType<typeof openOne>['exchange']) => void>
  const names = Object.keys(moves) as (keyof typeof moves)[]
  const orders = names.flatMap((a) => names.flatMap((b) => names.flatMap((c) => names.map((d) => [a, b, c, d] as const))))

  it(`comes once and stays, in each of ${orders.length} orders of signals`, async () => {
    for (const order of orders) {
      const outcomes: unknown[] = []
      const { exchange, lifecycle } = openOne({ onOutcome: (outcome) => outcomes.push(outcome) })
      const first = order.find((signal) => signal === 'finish' || signal === 'abort' || signal === 'cut')
      const committed = order.includes('commit') && (first === undefined || order.indexOf('commit') < order.indexOf(first))
      for (const signal of order) moves[signal](exchange)
      await turns()
      if (first === undefined) expect(outcomes).toEqual([])
      else {
        expect(outcomes, order.join()).toHaveLength(1)
        expect(outcomes[0]).toMatchObject({
          kind: first === 'finish' ? 'finished' : 'aborted',
          reason: { finish: null, abort: 'client', cut: 'deadline' }[first],
          status: committed ? 200 : null,
        })
        expect(exchange.phase).toBe('drained')
        expect(lifecycle.isIdle).toBe(true)
      }
      expect(lifecycle.unended).toBe(first === undefined ? 1 : 0)
    }
  })

  it.each([
    ['before-commit', false, false],
    ['before-commit', false, true],
    ['mid-response', true, false],
    ['unflushed', true, true],
  ] as const)('tells the position %s of an abort (committed %s, written %s)', (position, committed, written) => {
    const { exchange, res } = openOne()
    if (committed) exchange.commit(200)
    res.written = written
    exchange.abort('server')
    expect(exchange.outcome.position).toBe(position)
  })

  it.each(reasons)('keeps the reason %s, whatever comes later', (reason) => {
    const { exchange } = openOne()
    exchange.abort(reason)
    for (const later of reasons) exchange.abort(later)
    exchange.commit(500)
    exchange.finish()
    expect(exchange.outcome).toMatchObject({ kind: 'aborted', reason, status: null })
  })

  it('may come while the response is being attached', () => {
    const lifecycle = new TestLifecycle()
    const res = new FakeResponse()
    res.onAttach = (signals) => signals.abort('client')
    const exchange = lifecycle.take(res)
    expect(exchange.phase).toBe('drained')
    expect(lifecycle.open.size).toBe(0)
  })

  it('calls nothing of the application until a later turn', async () => {
    const calls: string[] = []
    const { exchange } = openOne({ onOutcome: () => calls.push('outcome') })
    exchange.after(() => calls.push('task'))
    exchange.signal.addEventListener('abort', () => calls.push('signal'))
    exchange.abort('client')
    expect(calls).toEqual([])
    await turns()
    expect(calls).toEqual(['signal', 'outcome', 'task'])
  })

  it('lets go of the response', () => {
    const { exchange, res } = openOne()
    exchange.after(() => {})
    exchange.finish()
    expect(Object.values(exchange)).not.toContain(res)
    exchange.cut('drain')
    exchange.endConnection(true)
    expect(res).toMatchObject({ destroyed: 0, asked: 0 })
  })
})

describe('begin', () => {
  it('gives one exchange per response, however often it is mounted', () => {
    const lifecycle = new TestLifecycle()
    const res = new FakeResponse()
    const exchange = lifecycle.take(res)
    expect(lifecycle.take(res)).toBe(exchange)
    expect(new TestLifecycle().take(res)).toBe(exchange)
    expect(exchangeOf(res)).toBe(exchange)
    expect(lifecycle.open.size).toBe(1)
  })

  it('gives every exchange an id of its own', () => {
    const lifecycle = new TestLifecycle()
    const ids = Array.from({ length: 100 }, () => lifecycle.take().id)
    expect(new Set(ids).size).toBe(100)
  })

  it('ignores a response that is not an exchange', () => {
    expect(exchangeOf({})).toBeUndefined()
  })
})

describe('exchangeTimeout', () => {
  it('ends what does not end by itself, and destroys the response', async () => {
    let told!: (reason: unknown) => void
    const ended = new Promise((resolve) => (told = resolve))
    const { res } = openOne({ exchangeTimeout: 1, onOutcome: ({ reason }) => told(reason) })
    // The ticker does not keep a process alive.
    const alive = setInterval(() => {}, 1000)
    expect(await ended).toBe('deadline')
    clearInterval(alive)
    expect(res.destroyed).toBe(1)
  })

  it('leaves alone what has ended', () => {
    const { exchange, lifecycle } = openOne({ exchangeTimeout: 1 })
    exchange.after(new Promise(() => {}))
    expect(exchange.isOverdue(Infinity)).toBe(true)
    exchange.finish()
    expect(exchange.isOverdue(Infinity)).toBe(false)
    expect(lifecycle.open.size).toBe(1)
  })
})
