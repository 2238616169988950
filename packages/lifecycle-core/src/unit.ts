import type { ResponseHead } from './binding.js'
import { Deferred } from './deferred.js'
import { LifecycleError } from './errors.js'
import type { ServerExchange } from './server-exchange.js'
import type { Participant, TransactionFate } from './participants.js'
import { settle } from './sink.js'
import type { Task } from './task.js'
import type { TransactionOptions } from './transaction.js'
import { Usage } from './usage.js'

/** Where a transaction is. */
export type TransactionState =
  /** Nobody has asked for it, or `begin` failed. */
  | 'none'
  | 'beginning'
  | 'active'
  | 'committing'
  | 'committed'
  | 'rolling-back'
  | 'rolled-back'
  /** The commit was rejected, and then the rollback, too: only the database knows. */
  | 'in-doubt'

type Verdict = 'commit' | 'rollback'

/**
 * The transaction of one exchange. Its life is one function, with one call of `commit` and one of `rollback` in it, so
 * that neither can happen twice; everything else only tells that function which of them it shall be.
 */
export class Unit<T> implements Participant {
  readonly owner: object
  state: TransactionState = 'beginning'
  private readonly options: TransactionOptions<T>
  private readonly exchange: ServerExchange
  private readonly usage: Usage
  private readonly connection = new Deferred<T>()
  private readonly verdict = new Deferred<Verdict>()
  /** Keeps the exchange from being drained, and takes an error of the rollback to the sink. */
  private readonly task: Task
  private readonly over: Promise<void>
  private isDecided = false
  private hasTried = false
  private failed: { readonly error: unknown; readonly whileHeld: boolean } | undefined = undefined
  /** Why a reply that should have been committed was not. */
  private refusal: unknown = undefined

  constructor(owner: object, options: TransactionOptions<T>, exchange: ServerExchange) {
    this.owner = owner
    this.options = options
    this.exchange = exchange
    this.usage = new Usage(exchange)
    if (exchange.isPastHooks) throw tooLate(exchange, 'none')
    exchange.join(this)
    // Whoever asks gets the error of `begin`; that nobody waits for it any more is no fault.
    settle(this.connection.promise, undefined, () => {})
    const life = this.live()
    this.over = life.catch(() => {})
    this.task = exchange.after(life, { name: 'transaction' }) as Task
  }

  /** Gives the connection out for the rest of the handler. */
  take(): Promise<T> {
    this.assertOpen()
    this.usage.isTaken = true
    return this.connection.promise
  }

  /** Gives the connection out for one call. */
  use<R>(work: (connection: T) => R | PromiseLike<R>): Promise<R> {
    this.assertOpen()
    return this.usage.lend(work, this.connection.promise)
  }

  private assertOpen(): void {
    if (this.isDecided || this.exchange.hasEnded) throw tooLate(this.exchange, this.state)
  }

  get fate(): TransactionFate | null {
    if (this.state === 'none') return null
    if (this.state === 'committed' || this.state === 'in-doubt') return this.state
    return this.committing === undefined ? 'rolled-back' : 'in-doubt'
  }

  get committing(): Promise<void> | undefined {
    return this.state === 'committing' || (this.hasTried && this.state === 'rolling-back') ? this.over : undefined
  }

  async settle(head: ResponseHead): Promise<void> {
    const { commitWhen } = this.options
    let wanted = false
    this.usage.isAwaited = true
    try {
      wanted = !this.isDoomed && (commitWhen === undefined ? head.status < 400 : await commitWhen(head, this.exchange))
    } finally {
      this.decide(wanted ? 'commit' : 'rollback')
      await this.over
    }
    // An error page is a reply of its own, but what the handler had begun to say before it failed must not go out.
    if (this.failed?.whileHeld === true) throw this.failed.error
    if (wanted && this.state !== 'committed' && this.state !== 'none') throw this.refusal ?? this.whyDoomed
  }

  refuse(): Promise<void> {
    this.usage.release()
    this.decide('rollback')
    return this.over
  }

  fail(error: unknown): void {
    this.failed ??= { error, whileHeld: this.exchange.participants?.areAwaited === true }
    void this.refuse()
  }

  release(): void {
    this.usage.release()
  }

  end(): void {
    if (this.exchange.phase === 'finished' && !this.isDecided) {
      // That reply cannot be taken back, and nothing has said that it may be kept.
      const message = 'A head was written past the hooks, so the transaction was rolled back. Reply through the response that was mounted.'
      this.exchange.report(new LifecycleError('ERR_LIFECYCLE_TRANSACTION_OVER', message), 'task', 'transaction')
    }
    this.decide('rollback')
    this.usage.end()
  }

  /** The first verdict stands. */
  private decide(verdict: Verdict): void {
    this.isDecided = true
    this.verdict.resolve(verdict)
    this.usage.stir()
  }

  /** Whether it must not be committed, whatever the reply. */
  private get isDoomed(): boolean {
    return this.failed !== undefined || this.exchange.hasEnded
  }

  private get whyDoomed(): unknown {
    return this.failed === undefined ? tooLate(this.exchange, this.state) : this.failed.error
  }

  /** From the first ask to the end. Rejects with what the rollback rejected with. */
  private async live(): Promise<void> {
    const { begin, commit, rollback, grace = 1000 } = this.options
    let connection: T
    try {
      connection = await begin(this.exchange)
    } catch (error) {
      this.state = 'none'
      this.connection.reject(error)
      return
    }
    this.giveOut(connection)
    const verdict = await this.verdict.promise
    const isIdle = await this.usage.untilIdle(grace, this.task)
    if (verdict === 'commit' && this.mayCommit(isIdle)) {
      this.state = 'committing'
      this.hasTried = true
      try {
        await commit(connection)
        this.state = 'committed'
        return
      } catch (error) {
        this.refusal = error
      }
    }
    this.state = 'rolling-back'
    try {
      await rollback(connection, { inUse: !isIdle })
      this.state = 'rolled-back'
    } catch (error) {
      // What was not committed goes with the connection.
      this.state = this.hasTried ? 'in-doubt' : 'rolled-back'
      throw error
    }
  }

  private giveOut(connection: T): void {
    this.state = 'active'
    if (!this.isDoomed) {
      this.connection.resolve(connection)
      return
    }
    // Nobody has it, and nobody gets it any more.
    this.usage.isTaken = false
    this.connection.reject(this.whyDoomed)
  }

  private mayCommit(isIdle: boolean): boolean {
    if (this.isDoomed) return false
    if (isIdle) return true
    const message = 'The reply waited for run(), which was still using the transaction when the grace had passed. Reply after it.'
    this.refusal = new LifecycleError('ERR_LIFECYCLE_TRANSACTION_IN_USE', message)
    return false
  }
}

/** Why the transaction of an exchange is not to be had. An abort gives its own reason, which is no fault. */
function tooLate(exchange: ServerExchange, state: TransactionState): unknown {
  return (
    exchange.abortReason ??
    new LifecycleError(
      'ERR_LIFECYCLE_TRANSACTION_OVER',
      `The transaction was asked for when it was ${state} and the exchange ${exchange.phase}. Ask for it before replying.`,
    )
  )
}
