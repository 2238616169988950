import { AsyncLocalStorage } from 'node:async_hooks'
import { LifecycleError, type ResponseHead } from '@afterword/lifecycle-core'
import { type Gate, type Hold, isThenable, settle } from '@afterword/lifecycle-core/adapter'
import { accepts, type HeadFields } from './fields.js'
import { type AnyResponse, isDestroyed, wholeStatus } from './head.js'
import { HeldHead } from './held-head.js'
import { type Method, type MethodName, type Passage, passageOf } from './passage.js'
import { isPayload } from './payload.js'
import { headSent, lock, unlock } from './lock.js'
import { containHeld } from './second-reply.js'

const slot = Symbol.for('afterword.hold')

/** A call that was made while the response was held. */
interface Call {
  readonly name: MethodName
  readonly method: Method
  readonly args: unknown[]
}

/**
 * Where a hold is. `watching`: no head was begun. `holding`: hooks run. `refused`: the reply was dropped before it was
 * written to its end, and what still comes of it is not part of the error page. `open`: everything passes.
 */
type State = 'watching' | 'holding' | 'refused' | 'open'

/** Returns the hold of a response, if it has one. */
export function holdOf(res: object): HeldResponse | undefined {
  return (res as { [slot]?: HeldResponse })[slot]
}

/** The head of a reply that waits: it is not out, though `headersSent` says so. */
export function heldHead(res: object): ResponseHead | undefined {
  const held = holdOf(res)
  return held?.state === 'holding' ? held.head : undefined
}

/** Puts a response under a hold; the binding of both protocols. */
export function hold(res: AnyResponse, gate: Gate): Hold {
  return new HeldResponse(res, gate)
}

/** The error page of a reply that was refused before its end runs in here, so that its calls can be told from the reply's. */
const pages = new AsyncLocalStorage<HeldResponse>()

/** Holds the reply of one response, in the order of its calls, until the gate lets its head pass. */
export class HeldResponse implements Hold {
  state: State = 'watching'
  readonly head: HeldHead
  /** Held body bytes. */
  bytes = 0
  hasEnded = false
  /** Whether a writer was told to wait for 'drain'. */
  needsDrain = false
  private readonly res: AnyResponse
  private readonly gate: Gate
  private readonly passage: Passage
  private calls: Call[] = []
  private hasHead = false
  private isRefused = false
  /** Whether the payload hooks run: the reply is whole, but what it says is not known yet. */
  private isDeciding = false

  constructor(res: AnyResponse, gate: Gate) {
    this.res = res
    this.gate = gate
    this.head = new HeldHead(res)
    this.passage = passageOf(res)
    this.passage.enter = (name, method, args) => this.enter(name, method, args)
    ;(res as { [slot]?: HeldResponse })[slot] = this
  }

  get isHolding(): boolean {
    return this.state === 'holding'
  }

  /** Shows the payload hooks what a handler replied with, once per reply; `send` gets what they made of it. */
  show(payload: unknown, send: (payload: unknown) => unknown, owner: unknown): unknown {
    const { res, gate, head } = this
    const isShown = this.state === 'watching' && gate.awaitsPayload && !gate.isOver && !isDestroyed(res)
    if (!isShown || !isPayload(payload)) return send(payload)
    this.state = 'holding'
    this.isDeciding = true
    head.begin()
    const answer = gate.transform(payload, head)
    if (!isThenable(answer)) {
      this.watchAgain()
      return send(answer)
    }
    this.hasEnded = true
    lock(res)
    settle(answer, (value) => this.decided(value, send), (error) => this.refuse(error))
    return owner
  }

  private decided(payload: unknown, send: (payload: unknown) => unknown): void {
    if (this.state !== 'holding') return this.gate.comeLate()
    if (this.isRefused) return
    this.watchAgain()
    try {
      send(payload)
    } catch (error) {
      // As if the handler's own call had thrown.
      this.gate.refusePayload(error)
    }
  }

  /** The payload is known: what is made of it passes the hooks as it would without payload hooks. */
  private watchAgain(): void {
    unlock(this.res)
    this.state = 'watching'
    this.isDeciding = this.isRefused = this.hasEnded = false
    this.head.apply()
  }

  drop(): void {
    // Nothing is held; whatever the application still tries to send tells that its handler is through.
    if (this.state === 'open' || this.state === 'watching') return
    const waited = this.state === 'holding'
    this.open()
    if (waited) this.discard(new LifecycleError('ERR_LIFECYCLE_ABORTED', 'The exchange ended while its reply was held.'))
  }

  /** An adapter has an error page to send. Whether it may: a reply that is whole stands. */
  yield(error: unknown): boolean {
    if (this.state !== 'holding') return true
    if (this.hasEnded) return false
    this.open()
    this.discard(error)
    this.head.clear()
    return true
  }

  private enter(name: MethodName, method: Method, args: unknown[]): unknown {
    const { res, gate } = this
    if (this.state === 'watching' && (gate.isOver || isDestroyed(res))) {
      this.open()
      gate.comeLate()
    }
    if (this.state === 'open' || (this.state === 'refused' && pages.getStore() === this)) return this.passage.pass(name, method, args)
    if (this.isSecond(name, args[0]) && containHeld(res, name as 'write', this.enter)) return this.answer(name)
    if (name === 'writeHead' && !this.takeHead(args)) return this.passage.pass(name, method, args)
    checkChunk(name, args[0])
    if (this.state === 'refused' || this.isRefused || this.isDeciding) callBack(args, refusal())
    else {
      this.calls.push({ name, method, args })
      this.bytes += lengthOf(name, args)
    }
    if (name === 'end') this.hasEnded = true
    // Before the head, trailers are only noted.
    if (this.state === 'watching' && name !== 'addTrailers') return this.ask(name)
    this.bound()
    return this.answer(name)
  }

  /** Whether a call belongs to another reply than the one that waits. An end without a body is never one. */
  private isSecond(name: MethodName, chunk: unknown): boolean {
    if (this.state !== 'holding') return false
    if (name === 'end') return this.hasEnded && chunk !== undefined && chunk !== null && typeof chunk !== 'function'
    return name === 'writeHead' || (name === 'write' && this.hasEnded)
  }

  /** Shows the gate the head. When no hook returned a promise, the reply passes at once. */
  private ask(name: MethodName): unknown {
    const { res, gate, head } = this
    this.state = 'holding'
    head.begin()
    // What is written along with the head is known then, and a reply that cannot be held is refused before a hook does
    // anything.
    const answer = gate.isAsync ? Promise.resolve().then(() => !this.isRefused && this.state === 'holding' && gate.ask(head)) : gate.ask(head)
    if (answer === true) return this.release()
    lock(res)
    settle(answer as Promise<boolean>, (passes) => this.settled(passes), (error) => this.refuse(error))
    this.bound()
    return this.answer(name)
  }

  private settled(passes: boolean): void {
    if (this.state !== 'holding' || this.isRefused || !passes) return
    try {
      this.release()
    } catch (error) {
      // As if the handler's own call had thrown.
      this.gate.refuse(error)
    }
  }

  /** Makes the held calls, in their order. Returns what the last of them does. */
  private release(): unknown {
    const { res, calls, head } = this
    this.open()
    head.apply()
    let result: unknown
    for (const { name, method, args } of calls.splice(0)) result = this.passage.pass(name, method, name === 'writeHead' ? head.args() : args)
    // Otherwise the response will say so itself.
    if (this.needsDrain && !this.hasEnded && result !== false) res.emit('drain')
    return result
  }

  /** Nothing of the reply is sent: its error goes to the framework. */
  private refuse(error: unknown): void {
    if (this.state !== 'holding' || this.isRefused) return this.gate.failLate(error)
    this.isRefused = true
    this.discard(error)
    // In a turn of its own: the handler may still be inside of the call that began this.
    setImmediate(() => this.hand(error))
  }

  private hand(error: unknown): void {
    const { gate, head, hasEnded } = this
    if (this.state !== 'holding') return gate.failLate(error)
    if (this.isDeciding) {
      this.watchAgain()
      head.clear()
      return gate.refusePayload(error)
    }
    if (hasEnded) this.open()
    else {
      unlock(this.res)
      this.state = 'refused'
    }
    head.clear()
    if (hasEnded) gate.refuse(error)
    else pages.run(this, () => gate.refuse(error))
  }

  /** More than may be held fails closed. */
  private bound(): void {
    const { maxHeldBytes } = this.gate
    if (this.bytes <= maxHeldBytes || this.isRefused) return
    this.refuse(
      new LifecycleError(
        'ERR_LIFECYCLE_HELD_TOO_LARGE',
        `A reply of more than maxHeldBytes (${maxHeldBytes}) was written while a beforeCommit hook held it. ` +
          'Raise maxHeldBytes, or heed what write() returns.',
      ),
    )
  }

  private open(): void {
    if (this.state === 'holding') unlock(this.res)
    this.state = 'open'
    this.passage.enter = undefined
    this.passage.leave()
  }

  private discard(error: unknown): void {
    for (const { args } of this.calls.splice(0)) callBack(args, error)
    this.bytes = 0
  }

  /** Takes the head that was given to `writeHead`. Returns whether the response would have taken it. */
  private takeHead([status, reason, fields]: unknown[]): boolean {
    const { res, head } = this
    if (this.hasHead || this.state !== 'watching') throw headSent(res)
    const given = (typeof reason === 'string' ? fields : (fields ?? reason)) as HeadFields | null | undefined
    const whole = wholeStatus(res, Number(status))
    if (!accepts(res, whole, reason, given)) return false
    this.hasHead = true
    head.take(whole, reason, given)
    return true
  }

  private answer(name: MethodName): unknown {
    if (name === 'flushHeaders' || name === 'addTrailers') return undefined
    if (name !== 'write') return this.res
    if (!this.isRefused && this.bytes < this.res.writableHighWaterMark) return true
    this.needsDrain = true
    return false
  }
}

function refusal(): LifecycleError {
  return new LifecycleError('ERR_LIFECYCLE_ABORTED', 'The reply was refused while it was being written.')
}

/** Node refuses these at once, before it looks at the head. */
function checkChunk(name: MethodName, chunk: unknown): void {
  if (name !== 'write' && (name !== 'end' || !chunk || typeof chunk === 'function')) return
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return
  throw Object.assign(new TypeError(`The "chunk" argument must be of type string, Buffer or Uint8Array, not ${typeof chunk}.`), {
    code: chunk === null ? 'ERR_STREAM_NULL_VALUES' : 'ERR_INVALID_ARG_TYPE',
  })
}

function lengthOf(name: MethodName, [chunk, encoding]: unknown[]): number {
  if (name !== 'write' && name !== 'end') return 0
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  return chunk instanceof Uint8Array ? chunk.byteLength : 0
}

/** The callback of a call that will not be made. */
function callBack(args: readonly unknown[], error: unknown): void {
  const callback = args.findLast((arg) => typeof arg === 'function')
  if (callback !== undefined) process.nextTick(callback as (error: unknown) => void, error)
}
