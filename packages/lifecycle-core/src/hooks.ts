import type { Gate, Hold, ResponseHead } from './binding.js'
import { storage } from './context.js'
import { LifecycleError } from './errors.js'
import type { Exchange } from './exchange.js'
import type { ServerExchange } from './server-exchange.js'
import { isThenable, settle } from './sink.js'

/** What a hook gets besides the head and the exchange. */
export interface HookContext {
  /** Aborts when the client leaves, or the exchange is cut, while the reply waits: the exchange's own signal. */
  readonly signal: AbortSignal
}

/**
 * Runs before the head is written, and is awaited. It may change the head. If it throws or rejects, nothing is sent and
 * the framework's own error handling gets the error.
 */
export type CommitHook = (head: ResponseHead, exchange: Exchange, context: HookContext) => unknown

/**
 * Sees what the handler replied with before it is serialized, and may change the head. What it returns takes the place of
 * the payload; `undefined` leaves it. May be async. If it throws or rejects, nothing is sent and the framework's own error
 * handling gets the error.
 */
export type PayloadHook = (payload: unknown, head: ResponseHead, exchange: Exchange) => unknown

/** The hooks of one exchange, and the gate before its head. Made when the first one is registered. */
export class Hooks implements Gate {
  readonly hold: Hold
  private readonly exchange: ServerExchange
  private readonly waiting: CommitHook[] = []
  /** Whether one of them is at work. */
  isRunning = false
  private payloadHooks: PayloadHook[] = []
  private hasPassed = false

  constructor(exchange: ServerExchange, hold: (gate: Gate) => Hold) {
    this.exchange = exchange
    this.hold = hold(this)
  }

  get maxHeldBytes(): number {
    return this.exchange.lifecycle.options.maxHeldBytes
  }

  get awaitsPayload(): boolean {
    return this.payloadHooks.length > 0
  }

  get isAsync(): boolean {
    return this.waiting.some((hook) => (hook as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'AsyncFunction')
  }

  get isOver(): boolean {
    return this.hasPassed || !this.exchange.isOpen
  }

  /** Takes a hook. One that is registered by a running hook runs next. */
  add(hook: CommitHook): void {
    this.assertOpen('beforeCommit')
    this.waiting.push(hook)
  }

  /** Takes a hook that runs after all others, those too that are registered later. */
  addLast(hook: CommitHook): void {
    this.assertOpen('transaction')
    this.waiting.unshift(hook)
  }

  /** Takes a hook for the payload. */
  addPayloadHook(hook: PayloadHook): void {
    this.assertOpen('onPayload')
    this.payloadHooks.push(hook)
  }

  private assertOpen(caller: string): void {
    if (this.isOver) throw tooLate(caller, 'the hooks had run and the reply was on its way')
  }

  ask(head: ResponseHead): boolean | Promise<boolean> {
    const { exchange } = this
    this.isRunning = true
    // In the context of the exchange: a stream may have lost it.
    const answer = exchange.lifecycle.options.context ? storage.run(exchange, runHooks, this, head) : runHooks(this, head)
    if (typeof answer !== 'boolean') return this.follow(answer)
    this.stop()
    return answer
  }

  private async follow(answer: Promise<boolean>): Promise<boolean> {
    try {
      return await answer
    } catch (error) {
      this.stop()
      // Nobody is told of a refusal before it is true.
      await this.exchange.participants?.refuse()
      throw error
    } finally {
      this.stop()
    }
  }

  private stop(): void {
    this.isRunning = false
    this.exchange.participants?.release()
  }

  /** Runs hooks until one returns a promise. */
  run(head: ResponseHead): boolean | Promise<boolean> {
    const { exchange, waiting } = this
    try {
      for (let hook = waiting.pop(); hook !== undefined; hook = waiting.pop()) {
        const result = hook(head, exchange, exchange)
        if (isThenable(result)) return this.continueAfter(result, head)
      }
    } catch (error) {
      return Promise.reject(error)
    }
    this.hasPassed = true
    return true
  }

  comeLate(): void {
    this.exchange.participants?.release()
  }

  transform(payload: unknown, head: ResponseHead): unknown {
    const { exchange } = this
    this.isRunning = true
    const answer = exchange.lifecycle.options.context ? storage.run(exchange, transform, this, payload, head) : transform(this, payload, head)
    const rest = () => (this.isRunning = false)
    if (isThenable(answer)) settle(answer, rest, rest)
    else rest()
    return answer
  }

  /** Runs payload hooks until one returns a promise. */
  runPayloadHooks(payload: unknown, head: ResponseHead): unknown {
    const { exchange, payloadHooks } = this
    let current = payload
    try {
      for (let hook = payloadHooks.pop(); hook !== undefined; hook = payloadHooks.pop()) {
        const result = hook(current, head, exchange)
        if (isThenable(result)) return this.transformAfter(result, current, head)
        if (result !== undefined) current = result
      }
    } catch (error) {
      return Promise.reject(error)
    }
    return current
  }

  private transformAfter(result: PromiseLike<unknown>, payload: unknown, head: ResponseHead): Promise<unknown> {
    return new Promise((resolve, reject) => {
      settle(result, (value) => resolve(this.exchange.hasEnded ? undefined : this.runPayloadHooks(value === undefined ? payload : value, head)), reject)
    })
  }

  refuse(error: unknown): void {
    this.exchange.refuse(error)
  }

  refusePayload(error: unknown): void {
    this.payloadHooks = []
    this.exchange.refuse(error, this)
  }

  failLate(error: unknown): void {
    if (!this.exchange.hasFailedWith(error)) this.exchange.failLate(error, 'commit-hook')
  }

  private continueAfter(result: PromiseLike<unknown>, head: ResponseHead): Promise<boolean> {
    return new Promise<boolean>((resolve, reject) => {
      settle(result, () => resolve(!this.exchange.hasEnded && this.run(head)), reject)
    })
  }
}

function runHooks(hooks: Hooks, head: ResponseHead): boolean | Promise<boolean> {
  return hooks.run(head)
}

function transform(hooks: Hooks, payload: unknown, head: ResponseHead): unknown {
  return hooks.runPayloadHooks(payload, head)
}

/** Why something comes too late to change the reply. */
export function tooLate(caller: string, when: string): LifecycleError {
  return new LifecycleError('ERR_LIFECYCLE_COMMITTED', `${caller}() was called when ${when}. Call it before replying.`)
}
