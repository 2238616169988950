import { z } from 'zod'
import type { Line, Totals } from './prices.js'

/** How far an order has come, in this order. */
export const steps = ['placed', 'packed', 'shipped'] as const

/** How far an order has come. */
export type Step = (typeof steps)[number]

/** An order, as the shop sees it. `filtering.ts` knows which of it customers see. */
export interface Order extends Totals {
  readonly id: string
  readonly email: string
  readonly step: Step
  readonly lines: readonly Line[]
}

const LineRequest = z.strictObject({
  sku: z.string().min(1),
  quantity: z.int().min(1).max(100),
})

/** What a customer sends. */
export const OrderRequest = z.strictObject({
  email: z.email(),
  lines: z
    .array(LineRequest)
    .min(1)
    .max(20)
    .refine((lines) => new Set(lines.map(({ sku }) => sku)).size === lines.length, 'Name each product once'),
})

/** What a customer sends. */
export type OrderRequest = z.infer<typeof OrderRequest>

/** What the path says. */
export const OrderPath = z.object({ id: z.uuid() })

/** What staff sends when an order has come further. */
export const StepRequest = z.strictObject({ step: z.enum(steps) })

/** Whether one step comes right behind another. */
export function follows(step: Step, before: Step): boolean {
  return steps.indexOf(step) === steps.indexOf(before) + 1
}

/** Whether nothing comes behind it. */
export function isLast(step: Step): boolean {
  return step === steps.at(-1)
}
