import type { Capture } from '@afterword/lifecycle-core/adapter'
import type { AnyResponse } from './head.js'
import { type MethodName, passageOf } from './passage.js'

/** Statuses that have no body, whatever is written. */
const bare: ReadonlySet<number> = new Set([204, 304])

/** Gives a capture what the application writes, before any middleware behind our mount has seen it; of both protocols. */
export function capture(res: AnyResponse, body: Capture): void {
  if (res.req.method === 'HEAD') return
  let isDecided = false
  passageOf(res).watcher = (name, [chunk, encoding]) => {
    if (name === 'writeHead' || bare.has(res.statusCode)) return
    if (!isDecided) {
      isDecided = true
      // One that was given to `writeHead` may not be seen here; the outcome will know.
      const type = res.getHeader('content-type')
      if (type !== undefined && !body.wants(String(type))) body.release()
    }
    keep(body, name, chunk, encoding)
  }
}

function keep(body: Capture, name: MethodName, chunk: unknown, encoding: unknown): void {
  if (name !== 'write' && name !== 'end') return
  const { room } = body
  if (chunk instanceof Uint8Array) body.take(Uint8Array.from(chunk.subarray(0, room)), chunk.byteLength)
  else if (typeof chunk === 'string') {
    const form = typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'
    // A character of text is a byte at least; of hex and base64 it is less.
    const beginning = form === 'utf8' || form === 'utf-8' ? chunk.slice(0, room) : chunk
    body.take(Buffer.from(beginning, form).subarray(0, room), Buffer.byteLength(chunk, form))
  }
}
