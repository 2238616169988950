import type { ServerResponse } from 'node:http'
import type { LifecycleOptions } from '@afterword/lifecycle-core'
import type { FastifyInstance } from 'fastify'

/** A task, as a program writes it: with us it gets its own signal, without us one that never aborts. */
export type Work = (signal: AbortSignal) => unknown

/** One request, the same on every server, with us and without us. */
export interface Call {
  readonly path: string
  /** Node's response, for what a framework does not do. */
  readonly res: ServerResponse
  /** Aborts when the client leaves; with us also when the drain hurries. */
  readonly signal: AbortSignal
  /** Whether the process wants more requests. */
  readonly ready: boolean
  reply(status: number, body: string): void
  /** Runs work after the response: `exchange.after` with us, a 'finish' listener without us. */
  after(name: string, work: Work, descriptor?: object): void
}

/** The application of one scenario. */
export interface Program {
  handle(call: Call): unknown
  readonly lifecycle?: LifecycleOptions
  /** Ms between the signal and the stop, for balancers to notice. */
  readonly readinessDelay?: number
  /** Ms until what is left is told to hurry, and until it is cut. Without us, `timeout` is when a supervisor kills. */
  readonly softTimeout?: number
  readonly timeout?: number
  /** More plugins, for scenarios of Fastify's own. */
  plugins?(app: FastifyInstance): Promise<void>
}

/** How long a drain may take here: longer than any of these tests waits. */
export const longMs = 600_000
