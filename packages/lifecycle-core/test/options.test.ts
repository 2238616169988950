import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { checkDrainOptions } from '../src/drain.js'
import { LifecycleError } from '../src/errors.js'
import { assertFunction, assertTask, checkPromiseOptions, checkTaskOptions, resolveOptions, type LifecycleOptions } from '../src/options.js'
import { openOne } from './fake-binding.js'

function codeOf(call: () => unknown): { code: string; message: string } {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(LifecycleError)
    return error as LifecycleError
  }
  throw new Error('Nothing was thrown.')
}

const wrongMs = [0, -1, NaN, '10', null, true, {}]
const wrongCount = [0, -1, 1.5, NaN, '10', null, true]
const wrongFunction = [null, 0, 'log', {}, true]

/** Every option: what it takes, and what it refuses. */
const lifecycleOptions: Record<keyof LifecycleOptions, { right: unknown[]; wrong: unknown[] }> = {
  onError: { right: [() => {}], wrong: wrongFunction },
  logger: { right: [console, { error() {} }, Object.assign(() => {}, { error() {} })], wrong: [null, 0, 'log', {}, { error: 'no' }, () => {}] },
  onOutcome: { right: [() => {}], wrong: wrongFunction },
  onRefused: { right: [() => {}], wrong: wrongFunction },
  beforeCommit: { right: [() => {}], wrong: wrongFunction },
  onPayload: { right: [() => {}], wrong: wrongFunction },
  captureBody: { right: [{}, { limit: 1, types: ['text/*'] }], wrong: [null, true, 'all', 1] },
  maxHeldBytes: { right: [1, 2 ** 20, Infinity], wrong: wrongCount },
  onAbandoned: { right: [() => {}], wrong: wrongFunction },
  context: { right: [true, false], wrong: [0, 1, 'true', null] },
  timings: { right: [true, false], wrong: [0, 1, 'false', null] },
  exchangeTimeout: { right: [1, 0.5, 60_000, Infinity], wrong: wrongMs },
  taskTimeout: { right: [1, 0.5, 60_000, Infinity], wrong: wrongMs },
  concurrency: { right: [1, 1000, Infinity], wrong: wrongCount },
  maxQueued: { right: [1, 100_000, Infinity], wrong: wrongCount },
  overflow: { right: ['refuse', 'drop-oldest', 'inline'], wrong: ['drop', 'throw', 1, true, null] },
  maxDepth: { right: [1, 32, Infinity], wrong: wrongCount },
  guard: { right: [true, false, 'strict'], wrong: [0, 1, 'loose', null, {}] },
  callSites: { right: [true, false], wrong: [0, 1, 'true', null] },
}

const twice = { to: 'a' }

const taskOptions = {
  descriptor: {
    right: [null, 'mail', 1, false, [], [1, { to: 'a' }], { to: undefined }, Object.create(null), { a: twice, b: twice }],
    wrong: [NaN, Infinity, 1n, () => {}, Symbol('mail'), new Date(0), new Map(), [undefined], { at: new Date(0) }, Buffer.from('a')],
  },
  name: { right: ['mail', ''], wrong: [1, null, Symbol('mail'), {}] },
  when: { right: ['finished', 'aborted', 'success', () => true], wrong: ['failed', 1, null, true, {}] },
  timeout: { right: [1, 0.5, Infinity], wrong: wrongMs },
  key: { right: ['user 1', '', 0, -1.5, 1n, Symbol('user')], wrong: [NaN, null, true, {}, [1], () => {}] },
  context: { right: [true, false], wrong: [0, 1, 'false', null] },
}

const promiseOptions = {
  name: taskOptions.name,
  timeout: taskOptions.timeout,
  descriptor: taskOptions.descriptor,
  when: { right: [], wrong: taskOptions.when.right },
  key: { right: [], wrong: taskOptions.key.right },
  context: { right: [], wrong: [true, false] },
}

const drainOptions = {
  hosts: { right: [[]], wrong: [{}, 'server', null] },
  readinessDelay: { right: [0, 1, Infinity], wrong: wrongMs.slice(1) },
  handOverTimeout: { right: [1, Infinity], wrong: wrongMs },
  signal: { right: [new AbortController().signal], wrong: [null, true, {}, new AbortController()] },
  onDraining: { right: ['serve', 'reject'], wrong: ['refuse', true, null] },
  softTimeout: { right: [1, Infinity], wrong: wrongMs },
  timeout: { right: [1, Infinity], wrong: wrongMs },
}

describe.each([
  ['createLifecycle', resolveOptions as (options: never) => unknown, lifecycleOptions],
  ['after', checkTaskOptions as (options: never) => unknown, taskOptions],
  ['waitUntil', ((options: never) => checkPromiseOptions('waitUntil', options)) as (options: never) => unknown, promiseOptions],
  ['drain', checkDrainOptions as (options: never) => unknown, drainOptions],
])('the options of %s', (caller, check, options) => {
  const rows = Object.entries(options).flatMap(([name, { right, wrong }]: [string, { right: unknown[]; wrong: unknown[] }]) => [
    ...right.map((value) => ({ name, value, fits: true })),
    { name, value: undefined, fits: true },
    ...wrong.map((value) => ({ name, value, fits: false })),
  ])

  it.each(rows.filter(({ fits }) => fits))('take $name: $value', ({ name, value }) => {
    expect(() => check({ [name]: value } as never)).not.toThrow()
  })

  it.each(rows.filter(({ fits }) => !fits))('refuse $name: $value', ({ name, value }) => {
    const { code, message } = codeOf(() => check({ [name]: value } as never))
    expect(code).toBe('ERR_LIFECYCLE_INVALID_OPTION')
    expect(message).toContain(`${caller}({ ${name} }) must be `)
  })

  it.each(['onerror', 'Timeout', 'toString', '__proto__x', 'constructor'])('refuse the name %s, and say which there are', (name) => {
    const { code, message } = codeOf(() => check({ [name]: 1 } as never))
    expect(code).toBe('ERR_LIFECYCLE_UNKNOWN_OPTION')
    for (const known of Object.keys(options)) expect(message).toContain(known)
  })

  it.each([null, 42, 'fast', () => {}])('must be an object, not %s', (value) => {
    expect(codeOf(() => check(value as never)).code).toBe('ERR_LIFECYCLE_INVALID_ARGUMENT')
  })
})

describe('resolveOptions', () => {
  it('fills in the defaults that the docs state', () => {
    const defaults = {
      maxHeldBytes: 2 ** 20, context: true, exchangeTimeout: Infinity, taskTimeout: 30_000, concurrency: 1000, maxQueued: 100_000,
      overflow: 'refuse', maxDepth: 32, guard: false,
    }
    expect(resolveOptions()).toEqual({ ...defaults, callSites: true })
    expect(resolveOptions({})).toEqual({ ...defaults, callSites: true })
  })

  it('notes no call sites in production, unless it is told to', () => {
    vi.stubEnv('NODE_ENV', 'production')
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(resolveOptions().callSites).toBe(false)
    expect(resolveOptions({ callSites: true }).callSites).toBe(true)
  })

  it('takes `undefined` for an absent option', () => {
    expect(resolveOptions({ taskTimeout: undefined, concurrency: 2 } as never)).toMatchObject({ taskTimeout: 30_000, concurrency: 2 })
  })
})

describe('a descriptor', () => {
  it('is refused when it contains itself', () => {
    const circle: { self?: unknown } = {}
    circle.self = [circle]
    expect(codeOf(() => checkTaskOptions({ descriptor: circle })).code).toBe('ERR_LIFECYCLE_INVALID_OPTION')
  })
})

describe('arguments', () => {
  it.each([42, 'work', null, undefined, {}, [], { then: 1 }])('after(%s) is refused', (value) => {
    expect(codeOf(() => assertTask(value as never)).code).toBe('ERR_LIFECYCLE_INVALID_ARGUMENT')
    const { exchange, lifecycle } = openOne()
    expect(codeOf(() => exchange.after(value as never)).code).toBe('ERR_LIFECYCLE_INVALID_ARGUMENT')
    expect(lifecycle.scheduler.counts.scheduled).toBe(0)
  })

  it.each([42, 'work', null, undefined, {}, () => {}])('waitUntil(%s) is refused', (value) => {
    const { exchange, lifecycle } = openOne()
    expect(codeOf(() => exchange.waitUntil(value as never)).code).toBe('ERR_LIFECYCLE_INVALID_ARGUMENT')
    expect(lifecycle.scheduler.counts.scheduled).toBe(0)
  })

  it.each(['when', 'key', 'context'])('after(promise, { %s }) is refused: a promise runs already', (name) => {
    const { exchange, lifecycle } = openOne()
    const { code, message } = codeOf(() => exchange.after(Promise.resolve(), { [name]: 'success' } as never))
    expect(code).toBe('ERR_LIFECYCLE_INVALID_OPTION')
    expect(message).toContain('runs already')
    expect(lifecycle.scheduler.counts.scheduled).toBe(0)
  })

  it.each([42, null, undefined, {}, Promise.resolve()])('onCommit(%s) is refused', (value) => {
    expect(codeOf(() => assertFunction('onCommit', value)).code).toBe('ERR_LIFECYCLE_INVALID_ARGUMENT')
    const { exchange } = openOne()
    expect(codeOf(() => exchange.onCommit(value as never)).code).toBe('ERR_LIFECYCLE_INVALID_ARGUMENT')
    expect(exchange.awaitsHead).toBe(false)
  })

  it('checks the options of a task before it counts it', () => {
    const { exchange, lifecycle } = openOne()
    expect(codeOf(() => exchange.after(() => {}, { timeOut: 1 } as never)).code).toBe('ERR_LIFECYCLE_UNKNOWN_OPTION')
    expect(lifecycle.scheduler.counts.scheduled).toBe(0)
  })
})
