import type { FastifyReply } from 'fastify'

/** Hands the error of a refused reply to Fastify, unless the handler has taken the reply over. */
export function refuse(reply: FastifyReply, error: unknown): boolean {
  if (reply.sent) return false
  for (const name of ofReply) reply.removeHeader(name)
  reply.code(statusOf(error))
  markError(reply)
  reply.send(error)
  return true
}

/** Fields that describe the dropped reply. Fastify itself takes away the type and the length. */
const ofReply: readonly string[] = [
  'content-encoding', 'content-language', 'content-location', 'content-range', 'content-disposition', 'etag', 'last-modified',
  'cache-control', 'expires', 'accept-ranges', 'location', 'set-cookie', 'trailer', 'transfer-encoding',
]

/** What Fastify makes of an error that a handler throws. */
function statusOf(error: unknown): number {
  const { statusCode, status } = Object(error) as { statusCode?: unknown; status?: unknown }
  return [statusCode, status].map(Number).find((code) => code >= 400 && code <= 599) ?? 500
}

/** Fastify's own mark for an error that is no `Error`: it would be taken for a payload. */
function markError(reply: FastifyReply): void {
  const mark = Object.getOwnPropertySymbols(reply).find((symbol) => symbol.description === 'fastify.reply.isError')
  if (mark !== undefined) (reply as unknown as Record<symbol, boolean>)[mark] = true
}
