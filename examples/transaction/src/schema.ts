import type { Database } from './database.js'

/** An order names an item that is in stock, which the database checks when the transaction is committed. */
const statements = [
  'drop schema if exists afterword_example cascade',
  'create schema afterword_example',
  'create table afterword_example.stock (item text primary key)',
  'create table afterword_example.orders (id text primary key, item text references afterword_example.stock deferrable initially deferred)',
  "insert into afterword_example.stock values ('tea'), ('cups'), ('milk'), ('sugar')",
]

/** Makes empty tables in a schema of their own, and leaves everything else in the database alone. */
export async function createTables(database: Database): Promise<void> {
  for (const statement of statements) await database.query(statement)
}

/** What was ordered, as the database knows it. */
export async function readOrders(database: Database): Promise<string[]> {
  const rows = await database.query('select item from afterword_example.orders order by item')
  return rows.map(({ item }) => String(item))
}
