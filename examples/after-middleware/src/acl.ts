import type { Request, RequestHandler } from 'express'

/** Which fields of a reply each role may see. */
type Permissions = Readonly<Record<string, readonly string[]>>

/** Who asks. A real application knows it from a session or a token. */
export function roleOf(req: Request): string {
  return req.get('x-role') ?? 'guest'
}

/** Takes the fields out of every JSON reply that the role of the caller must not see, whatever the handler has put in. */
export function filterFields(permissions: Permissions): RequestHandler {
  return (req, _res, next) => {
    const visible = permissions[roleOf(req)] ?? []
    req.exchange.onPayload((payload, head) => (head.status < 400 ? keep(payload, visible) : payload))
    next()
  }
}

function keep(value: unknown, visible: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((each) => keep(each, visible))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([name]) => visible.includes(name)))
}
