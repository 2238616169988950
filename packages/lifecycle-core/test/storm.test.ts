import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TaskFunction, TaskHandle } from '../src/task.js'
import { TestLifecycle } from './fake-binding.js'
import { turns } from './turn.js'

const strays: unknown[] = []
const stray = (error: unknown): void => void strays.push(error)
const events = ['unhandledRejection', 'uncaughtException', 'warning'] as const

beforeEach(() => {
  strays.length = 0
  for (const event of events) process.on(event, stray)
})
afterEach(() => {
  for (const event of events) process.off(event, stray)
})

const boom = (): never => {
  throw new Error('boom')
}
const hostile = new Proxy(() => {}, { get: boom, getPrototypeOf: boom, has: boom })

type State = 'completed' | 'failed' | 'cancelled' | 'unsettled'

/** Every kind of task that has ever broken a scheduler, with the state in which it must end. */
const kinds: readonly (readonly [kind: string, work: () => TaskFunction | PromiseLike<unknown>, state: State, cancels?: boolean])[] = [
  ['returns', () => () => 1, 'completed'],
  ['resolves', () => async () => 1, 'completed'],
  ['throws', () => boom, 'failed'],
  ['throws undefined', () => () => { throw undefined }, 'failed'],
  ['throws a hostile object', () => () => { throw hostile }, 'failed'],
  ['throws a string', () => () => { throw 'boom' }, 'failed'],
  ['rejects', () => async () => boom(), 'failed'],
  ['rejects with null', () => () => Promise.reject(null), 'failed'],
  ['rejects late', () => async () => (await turns(1), boom()), 'failed'],
  ['never settles', () => () => new Promise(() => {}), 'unsettled'],
  ['returns a hostile object', () => () => hostile, 'failed'],
  ['returns an object whose then throws when it is read', () => () => ({ get then() { return boom() } }), 'failed'],
  ['returns a thenable that throws', () => () => ({ then: boom }), 'failed'],
  ['returns a thenable that settles and then throws', () => () => ({ then(fulfil: () => void) { fulfil(); boom() } }), 'completed'],
  ['returns a thenable that settles five times', () => () => ({ then(fulfil: () => void, reject: (error: unknown) => void) { for (let n = 0; n < 5; n++) { fulfil(); reject(n) } } }), 'completed'],
  ['returns an impostor of a promise', () => () => Object.create(Promise.prototype) as unknown, 'failed'],
  ['is a promise', () => Promise.resolve(), 'completed'],
  ['is a rejection', () => Promise.reject(new Error('boom')), 'failed'],
  ['is a promise that never settles', () => new Promise(() => {}), 'unsettled'],
  ['is a thenable that throws', () => ({ then: boom }) as unknown as Promise<void>, 'failed'],
  ['is cancelled before it starts', () => boom, 'cancelled', true],
  ['has a hostile name', () => Object.defineProperty(() => {}, 'name', { value: { toString: boom } }), 'completed'],
]

describe('100,000 tasks of every kind', () => {
  it.each([true, false])('leave no trace but their counts and faults (context: %s)', async (context) => {
    const lifecycle = new TestLifecycle({ context, concurrency: Infinity, taskTimeout: Infinity })
    const expected: Record<State, number> = { completed: 0, failed: 0, cancelled: 0, unsettled: 0 }
    const handles: TaskHandle[] = []
    for (let count = 0; count < 100_000; ) {
      const exchange = lifecycle.take()
      for (const [, work, state, cancels] of kinds) {
        if (count === 100_000) break
        count++
        const handle = exchange.after(work())
        if (cancels === true) handle.cancel()
        if (count % 1000 < kinds.length) handles.push(handle)
        expected[state]++
      }
      if (count % 3 === 0) exchange.abort('client')
      else exchange.finish()
      // As between requests: I/O has its turn.
      if (count % 5000 < kinds.length) await turns(1)
    }
    const { counts, unsettled } = lifecycle.scheduler
    while (unsettled.size > expected.unsettled) await lifecycle.nextChange()
    await turns()
    expect(counts).toEqual({
      scheduled: 100_000, completed: expected.completed, failed: expected.failed, cancelled: expected.cancelled, 'timed-out': 0, refused: 0,
    })
    expect(unsettled.size).toBe(expected.unsettled)
    expect(lifecycle.faults).toHaveLength(expected.failed)
    expect(lifecycle.faults.every(({ source }) => source === 'task')).toBe(true)
    for (const handle of handles) expect(['completed', 'failed', 'cancelled', 'running']).toContain(handle.state)
    expect(strays).toEqual([])
  }, 60_000)
})
