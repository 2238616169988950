import { type Transaction, type TransactionOptions, transaction } from '@afterword/lifecycle-core'
import { Latch } from './latch.js'

/** A database without data: it notes what it is asked to do, in order. */
export class Journal {
  readonly noted = new Latch<string>()
  private last = 0

  /** A transaction that notes `begin`, `commit`, `rollback`, and `rollback in use`, and then does what the rule wants. */
  transaction(wanted: Partial<TransactionOptions<number>> = {}): Transaction<number> {
    return transaction<number>({
      ...wanted,
      begin: async (exchange) => {
        this.noted.add('begin')
        await wanted.begin?.(exchange)
        return ++this.last
      },
      commit: async (connection) => {
        this.noted.add('commit')
        await wanted.commit?.(connection)
      },
      rollback: async (connection, context) => {
        this.noted.add(context.inUse ? 'rollback in use' : 'rollback')
        await wanted.rollback?.(connection, context)
      },
    })
  }

  get entries(): string {
    return this.noted.items.join(', ')
  }
}
