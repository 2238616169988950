import type { Database } from '@afterword/example-transaction/database'
import type { Gate } from './gate.js'

/** The same database, but whoever has inserted an order waits at the gate: so a client can leave in the middle of it. */
export function holdInserts(database: Database, gate: Gate): Database {
  return {
    ...database,
    async begin() {
      const connection = await database.begin()
      const query = connection.query.bind(connection)
      connection.query = async (sql, values) => {
        const rows = await query(sql, values)
        if (sql.startsWith('insert into afterword_orders.orders')) await gate.pass()
        return rows
      }
      return connection
    },
  }
}
