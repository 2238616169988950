import { Deferred } from './deferred.js'
import type { ServerExchange } from './server-exchange.js'
import { settle } from './sink.js'
import type { Task } from './task.js'

/** A timer cannot be set farther ahead; Node would make it 1 ms. */
const longestTimerMs = 2 ** 31 - 1

/** Who may still be using the connection of a transaction. */
export class Usage {
  /** Somebody has it, for as long as he likes. */
  isTaken = false
  /** The reply waits for the end of the transaction: whoever had it has replied. */
  isAwaited = false
  private readonly exchange: ServerExchange
  /** The handler has replied, or failed, or returned. */
  private isThrough = false
  /** Calls that have it and have not settled. */
  private calls = 0
  private stopWaiting: (() => void) | undefined = undefined
  private task: Task | undefined = undefined

  constructor(exchange: ServerExchange) {
    this.exchange = exchange
  }

  /** Gives it out for one call. */
  async lend<T, R>(work: (connection: T) => R | PromiseLike<R>, connection: Promise<T>): Promise<R> {
    this.calls++
    try {
      return await work(await connection)
    } finally {
      this.calls--
      this.stir()
    }
  }

  /** The handler needs it no more. */
  release(): void {
    this.isThrough = true
    this.stir()
  }

  /** The exchange has ended: nothing but what the handler does tells any more that it is through. */
  end(): void {
    const { handling, phase } = this.exchange
    if (phase === 'finished') this.release()
    else if (handling !== undefined) settle(handling, () => this.release(), () => this.release())
    this.stir()
  }

  /** Whether nobody can be using it. */
  private get isIdle(): boolean {
    if (this.calls > 0) return false
    return this.isAwaited || (this.exchange.participants?.areHooked !== true && (this.isThrough || !this.isTaken))
  }

  /** Something has changed that the end may be waiting for. */
  stir(): void {
    if (this.stopWaiting === undefined) return
    // A drain that hurries does not wait for the handler of a request that is over.
    if (this.isIdle || (this.exchange.hasEnded && this.task?.signal.aborted === true)) this.stopWaiting()
  }

  /** Waits until nobody uses it, or the grace has passed; says whether nobody does. */
  async untilIdle(graceMs: number, task: Task): Promise<boolean> {
    if (this.isIdle) return true
    const stopped = new Deferred<void>()
    const timer = graceMs <= longestTimerMs ? setTimeout(stopped.resolve, graceMs) : undefined
    this.stopWaiting = stopped.resolve
    this.task = task
    task.signal.addEventListener('abort', () => this.stir())
    this.stir()
    await stopped.promise
    clearTimeout(timer)
    return this.isIdle
  }
}
