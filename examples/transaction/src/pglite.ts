import { PGlite } from '@electric-sql/pglite'
import type { Connection, Database } from './database.js'

/** The one connection, while a transaction has it. */
class LentConnection implements Connection {
  isLent = true
  private readonly database: PGlite
  /** Lets the next transaction begin. */
  readonly giveBack: () => void

  constructor(database: PGlite, giveBack: () => void) {
    this.database = database
    this.giveBack = giveBack
  }

  async query(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    if (!this.isLent) throw new Error('This transaction is over.')
    return (await this.database.query<Record<string, unknown>>(sql, values)).rows
  }
}

/** PostgreSQL inside this process, in memory or in a folder. It has one connection, so transactions wait for each other. */
export async function openPglite(folder?: string): Promise<Database<LentConnection>> {
  const database = await PGlite.create(folder)
  let latest: Promise<void> = Promise.resolve()
  let open = 0

  /** Waits for its turn, and returns what ends it. */
  async function takeTurn(): Promise<() => void> {
    const before = latest
    let end!: () => void
    latest = new Promise((resolve) => (end = resolve))
    await before
    return end
  }

  return {
    name: 'PGlite',

    async begin() {
      const end = await takeTurn()
      await database.exec('begin').catch((error: unknown) => {
        end()
        throw error
      })
      open++
      return new LentConnection(database, end)
    },

    async commit(connection) {
      // Where a statement has failed, COMMIT rolls back without a word; any other statement says what is the matter.
      await connection.query('select 1')
      connection.isLent = false
      await database.exec('commit')
      open--
      connection.giveBack()
    },

    async rollback(connection) {
      // Whoever still uses it must not do so in the next transaction.
      connection.isLent = false
      await database.exec('rollback')
      open--
      connection.giveBack()
    },

    async query(sql, values = []) {
      const end = await takeTurn()
      try {
        return (await database.query<Record<string, unknown>>(sql, values)).rows
      } finally {
        end()
      }
    },

    openTransactions: () => Promise.resolve(open),

    close: () => database.close(),
  }
}
