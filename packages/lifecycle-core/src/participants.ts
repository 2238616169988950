import type { ResponseHead } from './binding.js'
import type { Hooks } from './hooks.js'

/** What became of the transactions of an exchange. */
export type TransactionFate =
  /** Committed, and nothing undoes that. */
  | 'committed'
  /** Not committed: rolled back, or about to be. */
  | 'rolled-back'
  /** The commit was rejected, and then the rollback, too: only the database knows. */
  | 'in-doubt'
  /** Of several, not all ended alike. */
  | 'mixed'

/** Something that must be settled before a reply may say that it succeeded: one transaction of one exchange. */
export interface Participant {
  /** Which transaction this is, among those that an application has. */
  readonly owner: object
  /** `null` if it never began. */
  readonly fate: TransactionFate | null
  /** The commit that is under way. */
  readonly committing: Promise<void> | undefined
  /** Every hook has let the head pass: commits or rolls back. Rejects if it should have been committed and was not. */
  settle(head: ResponseHead): Promise<void>
  /** The head will not be written, or not this one: rolls back. */
  refuse(): Promise<void>
  /** The handler failed: rolls back, and does not wait for the error page. */
  fail(error: unknown): void
  /** The handler tried to reply when the exchange was over: it is through. */
  release(): void
  /** The exchange has ended. Called in a turn of its own. */
  end(): void
}

/** The transactions of one exchange, in the order in which they were begun. Made when the first one is. */
export class Participants {
  private readonly all: Participant[] = []
  private hooks: Hooks | undefined = undefined

  /** Takes a transaction, with the hooks after which it is settled. */
  add(participant: Participant, hooks: Hooks): void {
    this.all.push(participant)
    this.hooks = hooks
  }

  /** The latest of its kind. */
  of(owner: object): Participant | undefined {
    return this.all.findLast((each) => each.owner === owner)
  }

  /** Whether a hook is at work, and may be using them. */
  get areHooked(): boolean {
    return this.hooks?.isRunning === true
  }

  /** Whether a reply waits for them. */
  get areAwaited(): boolean {
    return this.hooks?.hold.isHolding === true
  }

  async refuse(): Promise<void> {
    await Promise.all(this.all.map((each) => each.refuse()))
  }

  fail(error: unknown): void {
    for (const each of this.all) each.fail(error)
  }

  release(): void {
    for (const each of this.all) each.release()
  }

  end(): void {
    for (const each of this.all) each.end()
  }

  get committing(): Promise<void> | undefined {
    return this.all.find((each) => each.committing !== undefined)?.committing
  }

  /** With several: of one kind only if all are. */
  get fate(): TransactionFate | null {
    const fates = new Set(this.all.map(({ fate }) => fate).filter((fate) => fate !== null))
    if (fates.size === 0) return null
    return fates.size > 1 ? 'mixed' : ([...fates][0] as TransactionFate)
  }
}
