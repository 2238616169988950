import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import type { Outcome } from '@afterword/lifecycle-core'
import { RawClient } from '../client.js'
import { Latch } from '../latch.js'
import type { App, Call, CallHandler } from '../rig.js'

/** An outcome in a few words: `finished 200`, `aborted client unflushed 200`, `aborted server before-commit`. */
export function ending({ kind, reason, position, status }: Outcome): string {
  return [kind, reason, position, status].filter((word) => word !== null).join(' ')
}

/** Waits for the ends of these requests, by URL, and checks what each was, and that none was told twice. */
export async function assertEndings(app: App, expected: Readonly<Record<string, string>>): Promise<void> {
  const count = Object.keys(expected).length
  await app.outcome(count)
  await app.lifecycle.idle()
  await turns()
  assert.deepEqual(Object.fromEntries(app.outcomes.map((outcome) => [outcome.url, ending(outcome)])), expected)
  assert.equal(app.outcomes.length, count)
  assert.deepEqual(app.faults, [])
}

/** Lets what is already under way happen: native events of this tick, and what is told in the turns after it. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A handler that goes by the URL, and a latch of the calls that it got. */
export function byUrl(handlers: Readonly<Record<string, CallHandler>>): { readonly calls: Latch<Call>; readonly handler: CallHandler } {
  const calls = new Latch<Call>()
  const handler: CallHandler = (call) => {
    const result = handlers[call.req.url ?? '']?.(call)
    calls.add(call)
    return result
  }
  return { calls, handler }
}

/** A handler that reads the body, if it comes, and never replies. */
export async function onlyRead(call: Call): Promise<void> {
  await call.read().catch(() => {})
}

/** A client, and the server's end of its connection. */
export interface Visit {
  readonly client: RawClient
  readonly peer: Socket
  /** Resolves once the server has let go of the connection. */
  readonly closed: Promise<void>
}

/** Connects to the application. */
export async function visit({ server, port }: App): Promise<Visit> {
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const client = new RawClient(port)
  const peer = await accepted
  return { client, peer, closed: new Promise((resolve) => peer.once('close', () => resolve())) }
}

/** More than the buffers of both operating systems hold: it cannot be flushed while the reader stalls. */
export const hugeBody = Buffer.alloc(48 * 1024 * 1024, 'x')
