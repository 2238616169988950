import type { Database } from '@afterword/example-transaction/database'
import type { LifecycleOptions } from '@afterword/lifecycle-core'
import { callerOf } from './caller.js'

/**
 * Writes down what became of every request, those too that no route has seen. It is a task, so the client does not wait for it, and
 * the process does not end before it is written.
 */
export function auditIn(database: Database): NonNullable<LifecycleOptions['onOutcome']> {
  return (outcome, exchange) => {
    exchange.after(
      async ({ method, url, kind, status, transaction, error }) => {
        const message = error === undefined || error === null ? null : String(error)
        const row = [exchange.id, callerOf(exchange), method, url, kind, status, transaction, message]
        await database.query('insert into afterword_orders.audit values ($1, $2, $3, $4, $5, $6, $7, $8)', row)
      },
      { name: 'audit' },
    )
  }
}
