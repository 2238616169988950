import type { ResponseHead } from './binding.js'
import { required } from './context.js'
import { LifecycleError } from './errors.js'
import type { Exchange } from './exchange.js'
import type { ServerExchange } from './server-exchange.js'
import { assertFunction, check, type Requirements } from './options.js'
import { type TransactionState, Unit } from './unit.js'

/** How to begin a transaction and how to end it, in whatever database it is. */
export interface TransactionOptions<T> {
  /** Takes a connection and begins. Called at the first ask of an exchange; `exchange.signal` says when to give up. */
  begin: (exchange: Exchange) => T | PromiseLike<T>
  /**
   * Commits, and gives the connection back once that has worked. If it rejects, nothing of the reply has been sent,
   * `rollback` is called, and the framework's error handling gets the error.
   */
  commit: (connection: T) => unknown
  /** Rolls back and gives the connection back, also after a commit that has rejected. What it rejects with goes to the sink. */
  rollback: (connection: T, context: RollbackContext) => unknown
  /** Which replies are committed, in a reply that no error has led to. May be async. Default: a status below 400. */
  commitWhen?: (head: ResponseHead, exchange: Exchange) => boolean | PromiseLike<boolean>
  /**
   * Ms for which the end of a transaction waits for code that is still using it: after an abort, for a handler of which
   * nothing tells that it is through. Default: 1 000.
   */
  grace?: number
}

/** What a rollback gets besides the connection. */
export interface RollbackContext {
  /**
   * The grace has passed and somebody may still be using the connection: close it instead of giving it back, or the next
   * request shares it.
   */
  readonly inUse: boolean
}

/** One kind of transaction: every exchange that asks for it has one of its own. */
export interface Transaction<T> {
  /**
   * Returns what `begin` made for this exchange, and begins at the first ask.
   *
   * @throws {LifecycleError} `ERR_LIFECYCLE_NO_EXCHANGE` without an exchange outside a request;
   * `ERR_LIFECYCLE_TRANSACTION_OVER` when it has ended, or the head was written; `signal.reason` when the exchange was
   * aborted
   */
  (exchange?: Exchange): Promise<T>
  /**
   * The same for the time of one call, which the end of the transaction waits for: a rollback after an abort then knows
   * when nobody uses the connection any more.
   */
  run<R>(work: (connection: T) => R | PromiseLike<R>, exchange?: Exchange): Promise<R>
  /** Where the transaction of an exchange is. */
  state(exchange?: Exchange): TransactionState
}

const requirements: Requirements = {
  begin: [(value) => typeof value === 'function', 'a function'],
  commit: [(value) => typeof value === 'function', 'a function'],
  rollback: [(value) => typeof value === 'function', 'a function'],
  commitWhen: [(value) => typeof value === 'function', 'a function'],
  grace: [(value) => typeof value === 'number' && value >= 0, 'a number of ms, 0 or more'],
}

/**
 * Makes a transaction that is committed before the reply says so, and rolled back exactly once otherwise: when the
 * handler failed, the status is 400 or more, the commit was rejected, or the exchange was aborted before the commit.
 *
 * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_ARGUMENT`, `ERR_LIFECYCLE_INVALID_OPTION`, `ERR_LIFECYCLE_UNKNOWN_OPTION`
 *
 * @example
 * ```ts
 * const tx = transaction({ begin, commit, rollback })
 * app.post('/orders', async (req, res) => {
 *   const client = await tx(req.exchange)
 *   await client.query('insert into orders values ($1)', [req.body.id])
 *   res.status(201).json({ ok: true })
 * })
 * ```
 */
export function transaction<T>(options: TransactionOptions<T>): Transaction<T> {
  check('transaction', options, requirements)
  for (const name of ['begin', 'commit', 'rollback'] as const) {
    if (options[name] !== undefined) continue
    throw new LifecycleError('ERR_LIFECYCLE_INVALID_OPTION', `transaction({ ${name} }) must be a function, and is missing.`)
  }
  const unitOf = (exchange: Exchange | undefined): Unit<T> => {
    const target = targetOf(exchange)
    const known = target.participants?.of(own) as Unit<T> | undefined
    return known === undefined || known.state === 'none' ? new Unit(own, options, target) : known
  }
  const own: Transaction<T> = Object.assign((exchange?: Exchange) => unitOf(exchange).take(), {
    run<R>(work: (connection: T) => R | PromiseLike<R>, exchange?: Exchange): Promise<R> {
      assertFunction('transaction.run', work)
      return unitOf(exchange).use(work)
    },
    state(exchange?: Exchange): TransactionState {
      const unit = targetOf(exchange).participants?.of(own) as Unit<T> | undefined
      return unit?.state ?? 'none'
    },
  })
  return own
}

function targetOf(exchange: Exchange | undefined): ServerExchange {
  const target = (exchange ?? required('transaction', 'pass it the exchange')) as ServerExchange
  if (typeof target.join === 'function') return target
  throw new LifecycleError('ERR_LIFECYCLE_INVALID_ARGUMENT', 'A transaction takes an exchange, such as req.exchange, or nothing.')
}
