import { randomUUID } from 'node:crypto'
import type { Connection } from '@afterword/example-transaction/database'
import type { Order, OrderRequest, Step } from '../domain/order.js'
import { type Line, priceOf, type Product } from '../domain/prices.js'
import { Problem } from '../domain/problem.js'

// Every function takes a connection, so that the caller says which transaction it belongs to.

/** Takes what was ordered from stock, and keeps the order. */
export async function insertOrder(connection: Connection, { email, lines }: OrderRequest): Promise<Order> {
  const products = await takeFromStock(connection, lines)
  const order: Order = { id: randomUUID(), email, step: 'placed', lines, ...priceOf(lines, products) }
  await connection.query('insert into afterword_orders.orders values ($1, $2, $3, $4, $5, $6)', [
    order.id,
    email,
    order.step,
    JSON.stringify(lines),
    order.total,
    order.cost,
  ])
  return order
}

async function takeFromStock(connection: Connection, lines: readonly Line[]): Promise<Map<string, Product>> {
  const products = new Map<string, Product>()
  // Always in the same order: two orders that lock the same rows the other way round would wait for each other.
  for (const { sku, quantity } of lines.toSorted((a, b) => (a.sku < b.sku ? -1 : 1))) {
    const [product] = await connection.query(
      'update afterword_orders.products set stock = stock - $2 where sku = $1 and stock >= $2 returning sku, name, price, cost',
      [sku, quantity],
    )
    if (product === undefined) throw new Problem(409, `There is not enough of ${sku} in stock.`)
    products.set(sku, product as unknown as Product)
  }
  return products
}

/** Finds an order. */
export async function findOrder(connection: Connection, id: string): Promise<Order> {
  const [row] = await connection.query('select * from afterword_orders.orders where id = $1', [id])
  if (row === undefined) throw new Problem(404, 'There is no such order.')
  const order = row as unknown as Omit<Order, 'margin'>
  return { ...order, margin: order.total - order.cost }
}

/** Finds an order, and keeps others from changing it until the transaction is over. */
export async function lockOrder(connection: Connection, id: string): Promise<Order> {
  await connection.query('select id from afterword_orders.orders where id = $1 for update', [id])
  return findOrder(connection, id)
}

/** Notes how far an order has come. */
export async function updateStep(connection: Connection, id: string, step: Step): Promise<void> {
  await connection.query('update afterword_orders.orders set step = $2 where id = $1', [id, step])
}
