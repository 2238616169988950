import type { RequestHandler } from 'express'
import { roleOf } from './acl.js'

/** One line of the audit log. */
export interface Entry {
  readonly role: string
  readonly method: string
  readonly url: string
  readonly kind: 'finished' | 'aborted'
  readonly status: number | null
  readonly error?: string
}

/** Writes down what became of every request, behind the reply: the client does not wait for the log. */
export function audit(write: (entry: Entry) => unknown): RequestHandler {
  return (req, _res, next) => {
    const role = roleOf(req)
    req.exchange.after(
      ({ method, url, kind, status, error }) =>
        write({ role, method, url, kind, status, ...(error instanceof Error && { error: error.message }) }),
      { name: 'audit' },
    )
    next()
  }
}
