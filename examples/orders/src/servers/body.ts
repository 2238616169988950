import type { IncomingMessage } from 'node:http'
import { Problem } from '../domain/problem.js'

const maxLength = 100_000

/** Reads a body of JSON, which the frameworks do by themselves. */
export async function readJson(req: IncomingMessage): Promise<unknown> {
  let text = ''
  let length = 0
  for await (const chunk of req.setEncoding('utf8')) {
    length += chunk.length
    // Read to its end all the same: a client that is still sending would not read the reply.
    if (length <= maxLength) text += chunk
  }
  if (length > maxLength) throw new Problem(413, 'The body is too long.')
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new Problem(400, 'The body is no JSON.')
  }
}
