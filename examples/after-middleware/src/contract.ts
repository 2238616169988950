import type { RequestHandler } from 'express'
import { type ZodType, z } from 'zod'

/** A reply that breaks its contract. The client must not see it, and is told no more than that something is wrong. */
class ContractError extends Error {
  constructor(problems: string) {
    super(`The reply does not match its schema: ${problems}`)
  }
}

/** Holds every successful reply of a route to a schema. One that does not match is never sent. */
export function contract(schema: ZodType): RequestHandler {
  return (req, _res, next) => {
    req.exchange.onPayload((payload, head) => {
      if (head.status >= 400) return payload
      const result = schema.safeParse(payload)
      if (!result.success) throw new ContractError(z.prettifyError(result.error).replaceAll(/\s+/g, ' '))
      return result.data
    })
    next()
  }
}
