import type { RollbackContext } from '@afterword/adapter-express'

/** What the code inside a transaction gets. */
export interface Connection {
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>
}

/** A database, and the three functions that `transaction()` takes. */
export interface Database<C extends Connection = Connection> {
  readonly name: string
  begin(): Promise<C>
  commit(connection: C): Promise<void>
  rollback(connection: C, context: RollbackContext): Promise<void>
  /** Runs statements outside of any transaction. */
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  /** How many transactions have begun and not ended. */
  openTransactions(): Promise<number>
  close(): Promise<void>
}
