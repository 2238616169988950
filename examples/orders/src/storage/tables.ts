import type { Database } from '@afterword/example-transaction/database'

const statements = [
  'drop schema if exists afterword_orders cascade',
  'create schema afterword_orders',
  `create table afterword_orders.products (
    sku text primary key, name text not null, price int not null, cost int not null, stock int not null check (stock >= 0)
  )`,
  `create table afterword_orders.orders (
    id uuid primary key, email text not null, step text not null, lines jsonb not null, total int not null, cost int not null
  )`,
  `create table afterword_orders.audit (
    exchange text primary key, caller text not null, method text not null, url text not null,
    kind text not null, status int, transaction text, error text
  )`,
  `insert into afterword_orders.products values
    ('tea', 'Green tea', 750, 300, 10), ('cup', 'Cup', 1200, 500, 10), ('pot', 'Teapot', 4900, 2600, 1)`,
]

/** Makes the tables, with some stock, in a schema of their own. Leaves everything else in the database alone. */
export async function createTables(database: Database): Promise<void> {
  for (const statement of statements) await database.query(statement)
}
