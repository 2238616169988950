import type { Connection, Database } from '@afterword/example-transaction/database'
import { type Transaction, transaction } from '@afterword/lifecycle-core'

/**
 * One database transaction for each request that asks for one. It is committed before the first byte of the reply, and
 * rolled back if the reply is an error, if the handler throws, or if the client leaves first.
 */
export function transactionOn(database: Database): Transaction<Connection> {
  return transaction<Connection>({
    begin: () => database.begin(),
    commit: (connection) => database.commit(connection),
    rollback: (connection, context) => database.rollback(connection, context),
  })
}
