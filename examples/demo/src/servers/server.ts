import type { DrainReport, Exchange, LifecycleOptions } from '@afterword/adapter-node'

/** The shop on one server, listening on a free port of 127.0.0.1. */
export interface ShopServer {
  readonly name: string
  readonly origin: string
  /** Resolves once nothing is in flight. */
  idle(): Promise<void>
  /** Stops accepting, and waits for what is in flight. */
  drain(): Promise<DrainReport>
}

/** Who wants to know what happens on a server. */
export interface Audience extends Required<Pick<LifecycleOptions, 'onOutcome' | 'onError'>> {
  /** An error reached the application's own error handling, as it does without this library. */
  onHandlerError(error: unknown, exchange: Exchange): void
}

/** Ms that a drain may take. Everything in the shop takes less. */
export const drainTimeout = 5_000
