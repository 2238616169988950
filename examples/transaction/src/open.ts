import type { Database } from './database.js'
import { openPglite } from './pglite.js'
import { openPostgres } from './postgres.js'

/** Opens a server by its connection string, or PGlite by its folder. */
export function openDatabase(address: string): Promise<Database> {
  return address.startsWith('postgres') ? Promise.resolve(openPostgres(address)) : openPglite(address)
}
