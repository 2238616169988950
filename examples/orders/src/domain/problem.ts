import { ZodError } from 'zod'

/** What is wrong with a request. The client is told. */
export class Problem extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** How an error is told to the client, on every server. */
export function explain(error: unknown): { status: number; body: { error: string } } {
  if (error instanceof ZodError) {
    const complaints = error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`)
    return { status: 400, body: { error: complaints.join('; ') } }
  }
  // Ours, or that of a framework, about a body that is too long or no JSON.
  const { status, statusCode = status, message } = Object(error) as { status?: number; statusCode?: number; message?: string }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return { status: statusCode, body: { error: String(message) } }
  // Anything else is a mistake in here. The audit log has it.
  return { status: 500, body: { error: 'Something is wrong on our side.' } }
}

/** The last route: nobody knew the path. */
export function noSuchPage(): never {
  throw new Problem(404, 'There is no such page.')
}
