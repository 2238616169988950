import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Binding, Gate, ResponseHead } from '../src/binding.js'
import type { ServerExchange } from '../src/server-exchange.js'
import { transaction, type TransactionOptions } from '../src/transaction.js'
import { TestLifecycle } from './fake-binding.js'
import { type Deferred, defer, turns } from './turn.js'

/** A response that is held when it replies, and nothing else. */
class HeldResponse {
  gate: Gate | undefined = undefined
  isHolding = false
  hasEnded = false
  refused: unknown[] = []
}

const binding = {
  attach() {},
  endConnection() {},
  isWritten: () => false,
  destroy() {},
  writtenHead: () => undefined,
  writtenBytes: () => null,
  parseHead: () => ({}),
  hold(res: HeldResponse, gate: Gate) {
    res.gate = gate
    return {
      get isHolding() {
        return res.isHolding
      },
      get hasEnded() {
        return res.hasEnded
      },
      drop: () => void (res.isHolding = false),
    }
  },
  refuse: (res: HeldResponse, error: unknown) => void res.refused.push(error),
} as unknown as Binding<HeldResponse>

/** An exchange on a lifecycle of its own, and a transaction whose steps the test settles. */
class Scene {
  readonly lifecycle = new TestLifecycle()
  readonly res = new HeldResponse()
  readonly exchange: ServerExchange = this.lifecycle.begin(binding, this.res, 'GET', '/')
  readonly begins: Deferred<number>[] = []
  readonly commits: Deferred[] = []
  readonly rollbacks: Deferred[] = []
  readonly inUse: boolean[] = []
  readonly uses: Deferred[] = []
  /** How many connections the transaction got. */
  begun = 0
  readonly tx

  constructor(options: Partial<TransactionOptions<number>> = {}) {
    this.tx = transaction<number>({
      grace: Infinity,
      begin: () => step(this.begins).then(() => ++this.begun),
      commit: () => step(this.commits),
      rollback: (_connection, { inUse }) => {
        this.inUse.push(inUse)
        return step(this.rollbacks)
      },
      ...options,
    })
  }

  /** The handler replies with all it has. Resolves with whether the head passed. */
  async reply(status: number): Promise<boolean> {
    const { res, exchange } = this
    res.isHolding = true
    res.hasEnded = true
    try {
      const passes = (await res.gate?.ask({ status } as ResponseHead)) ?? true
      if (passes) exchange.commit(status)
      return passes
    } catch (error) {
      res.isHolding = false
      res.gate?.refuse(error)
      return false
    }
  }
}

/** Asks, whether or not it is too late to. */
function quietly(ask: () => Promise<unknown>): void {
  try {
    ask().catch(() => {})
  } catch {
    // Too late: a rule of its own.
  }
}

function step<T>(list: Deferred<T>[]): Promise<T> {
  const deferred = defer<T>()
  list.push(deferred)
  return deferred.promise
}

describe('a transaction', () => {
  it('checks its options', () => {
    const sound = { begin: () => 0, commit() {}, rollback() {} }
    const code = (options: object) => {
      try {
        transaction(options as typeof sound)
      } catch (error) {
        return (error as { code?: string }).code
      }
      return undefined
    }
    expect(code(sound)).toBeUndefined()
    expect(code({ ...sound, grace: 0 })).toBeUndefined()
    expect(code({ ...sound, grace: -1 })).toBe('ERR_LIFECYCLE_INVALID_OPTION')
    expect(code({ ...sound, commitWhen: true })).toBe('ERR_LIFECYCLE_INVALID_OPTION')
    expect(code({ ...sound, rollback: undefined })).toBe('ERR_LIFECYCLE_INVALID_OPTION')
    expect(code({ ...sound, comit() {} })).toBe('ERR_LIFECYCLE_UNKNOWN_OPTION')
  })

  it('takes an exchange or nothing', () => {
    const { tx } = new Scene()
    for (const call of [() => tx({} as never), () => tx.run(() => 0, {} as never), () => tx.run(42 as never)]) {
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_LIFECYCLE_INVALID_ARGUMENT' }))
    }
  })

  it('is only for servers that can hold a reply', () => {
    const { tx, lifecycle } = new Scene()
    expect(() => tx(lifecycle.take())).toThrow(expect.objectContaining({ code: 'ERR_LIFECYCLE_CANNOT_HOLD' }))
  })

  it('waits for the grace at most, and not a timer of 1 ms when that is Infinity', async () => {
    for (const [grace, rolledBack] of [[1, [true]], [Infinity, []], [2 ** 40, []]] as const) {
      const scene = new Scene({ grace })
      void scene.tx(scene.exchange)
      scene.begins[0]?.resolve(1)
      await turns()
      scene.exchange.abort('client')
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(scene.inUse).toEqual(rolledBack)
    }
  })

  it('keeps what the database said when it refused, whatever that is', async () => {
    for (const reason of [undefined, null, 'no', new Error('no')]) {
      const scene = new Scene()
      void scene.tx(scene.exchange)
      scene.begins[0]?.resolve(1)
      const replied = scene.reply(200)
      await turns()
      scene.commits[0]?.reject(reason)
      await turns()
      scene.rollbacks[0]?.resolve()
      expect(await replied).toBe(false)
      expect(scene.res.refused).toEqual([reason ?? expect.objectContaining({ code: 'ERR_LIFECYCLE_TRANSACTION_OVER' })])
    }
  })

  it('ends exactly once, whatever comes in whatever order', async () => {
    const actions = [
      'take', 'run', 'leave run', 'begin', 'fail to begin', 'reply 200', 'reply 404', 'commit', 'fail to commit',
      'roll back', 'fail to roll back', 'fail', 'abort', 'hurry', 'wait',
    ] as const
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...actions), { maxLength: 14 }), async (sequence) => {
        const scene = new Scene()
        const { exchange, lifecycle, res } = scene
        const passed: Promise<boolean>[] = []
        let isOver = false
        const act: Record<(typeof actions)[number], () => unknown> = {
          take: () => quietly(() => scene.tx(exchange)),
          run: () => quietly(() => scene.tx.run(() => step(scene.uses), exchange)),
          'leave run': () => scene.uses.shift()?.resolve(),
          begin: () => scene.begins.shift()?.resolve(1),
          'fail to begin': () => scene.begins.shift()?.reject(new Error('begin')),
          'reply 200': () => !isOver && (isOver = true) && passed.push(scene.reply(200)),
          'reply 404': () => !isOver && (isOver = true) && passed.push(scene.reply(404)),
          commit: () => scene.commits.shift()?.resolve(),
          'fail to commit': () => scene.commits.shift()?.reject(new Error('commit')),
          'roll back': () => scene.rollbacks.shift()?.resolve(),
          'fail to roll back': () => scene.rollbacks.shift()?.reject(new Error('rollback')),
          fail: () => exchange.handlerFailed(new Error('handler')),
          abort: () => exchange.abort('client'),
          hurry: () => [...lifecycle.scheduler.unsettled].forEach((task) => task.abort(new Error('hurry') as never)),
          wait: () => turns(3),
        }
        let calls = { commits: 0, rollbacks: 0 }
        const count = <T>(list: Deferred<T>[], name: keyof typeof calls) => {
          const { push } = list
          list.push = (...items) => {
            calls = { ...calls, [name]: calls[name] + 1 }
            return push.apply(list, items)
          }
        }
        count(scene.commits, 'commits')
        count(scene.rollbacks, 'rollbacks')
        for (const action of sequence) {
          await act[action]()
          if (sequence.length % 2 === 0) await turns(1)
        }
        // Then everything comes to its end.
        exchange.abort('client')
        exchange.participants?.release()
        for (let round = 0; round < 4; round++) {
          for (const action of ['begin', 'leave run', 'leave run', 'leave run', 'commit', 'roll back'] as const) act[action]()
          while (scene.uses.length > 0) act['leave run']()
          await turns(6)
        }
        await Promise.all(passed)
        const fate = exchange.outcome.transaction
        const committed = fate === 'committed'
        // A begin that failed may be followed by one that works: then each begun transaction has one end.
        expect(calls.commits).toBeLessThanOrEqual(scene.begun)
        expect(calls.rollbacks).toBe(scene.begun - (committed ? 1 : 0))
        if (committed) expect(calls).toEqual({ commits: 1, rollbacks: 0 })
        if (scene.begun === 0) expect(fate === null || fate === 'rolled-back').toBe(true)
        // Whoever got through with a success was committed, if there was anything. After a failure it is the error page.
        const { status, error } = exchange.outcome
        if (status === 200 && error === undefined && scene.begun > 0) expect(fate).toBe('committed')
        expect(res.refused.length).toBeLessThanOrEqual(1)
        expect(exchange.phase).toBe('drained')
        expect(lifecycle.scheduler.unsettled.size).toBe(0)
      }),
      { numRuns: 500 },
    )
  })
})
