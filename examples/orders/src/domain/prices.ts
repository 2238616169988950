import type { Cents } from './money.js'

/** What the shop sells. What it pays for it is nobody's business but its own. */
export interface Product {
  readonly sku: string
  readonly name: string
  readonly price: Cents
  readonly cost: Cents
}

/** So many of one product. */
export interface Line {
  readonly sku: string
  readonly quantity: number
}

/** What an order comes to. */
export interface Totals {
  readonly total: Cents
  readonly cost: Cents
  readonly margin: Cents
}

/** Adds up an order. */
export function priceOf(lines: readonly Line[], products: ReadonlyMap<string, Product>): Totals {
  let total = 0
  let cost = 0
  for (const { sku, quantity } of lines) {
    const product = products.get(sku)
    total += quantity * (product?.price ?? 0)
    cost += quantity * (product?.cost ?? 0)
  }
  return { total, cost, margin: total - cost }
}
