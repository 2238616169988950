import { randomUUID } from 'node:crypto'
import { Pool, type PoolClient } from 'pg'
import type { Connection, Database } from './database.js'

class PooledConnection implements Connection {
  readonly client: PoolClient

  constructor(client: PoolClient) {
    this.client = client
  }

  async query(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.client.query<Record<string, unknown>>(sql, values)).rows
  }
}

/** A PostgreSQL server, through a pool of connections. */
export function openPostgres(connectionString: string, connections = 10): Database<PooledConnection> {
  // By this name the server tells its connections from those of others.
  const name = `afterword ${randomUUID()}`
  const pool = new Pool({ connectionString, max: connections, application_name: name })
  // A connection that the server closes while nobody uses it; without a listener that would end the process.
  pool.on('error', (error) => console.error('an idle connection was lost:', error.message))

  return {
    name: 'PostgreSQL',

    async begin() {
      const client = await pool.connect()
      try {
        await client.query('begin')
        return new PooledConnection(client)
      } catch (error) {
        client.release(true)
        throw error
      }
    },

    async commit({ client }) {
      // Where a statement has failed, COMMIT rolls back, and only the name of what it did says so.
      const { command } = await client.query('commit')
      if (command !== 'COMMIT') throw new Error(`The transaction had failed before: the database answered ${command}.`)
      client.release()
    },

    async rollback({ client }, { inUse }) {
      // Whoever still uses it must not do so in the next request's transaction. The server rolls back when it is closed.
      if (inUse) return client.release(true)
      try {
        await client.query('rollback')
        client.release()
      } catch (error) {
        client.release(true)
        throw error
      }
    },

    query: async (sql, values = []) => (await pool.query<Record<string, unknown>>(sql, values)).rows,

    async openTransactions() {
      const statement = 'select count(*) from pg_stat_activity where xact_start is not null and pid <> pg_backend_pid() and application_name = $1'
      const [row] = (await pool.query(statement, [name])).rows as { count: string }[]
      return Number(row?.count)
    },

    close: () => pool.end(),
  }
}
