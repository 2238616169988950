import assert from 'node:assert/strict'
import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2'
import type { AbortPosition, AbortReason, Outcome } from '@afterword/lifecycle-core'
import type { App, Call } from '../rig.js'

/** More than the window that a client grants who never enlarges it, so that it stays unflushed. */
export const big = Buffer.alloc(1 << 20, 'x')

/** The stream below a response. */
export function streamOf(call: Call): ServerHttp2Stream {
  return (call.res as unknown as Http2ServerResponse).stream
}

/** Checks how the one exchange of an application ended, and that it ended once. */
export async function ended(app: App, reason: AbortReason | null, position: AbortPosition | null): Promise<Outcome> {
  const outcome = await app.outcome()
  await app.lifecycle.idle()
  assert.deepEqual(
    { kind: outcome.kind, reason: outcome.reason, position: outcome.position },
    { kind: reason === null ? 'finished' : 'aborted', reason, position },
  )
  assert.equal(app.outcomes.length, 1)
  return outcome
}
