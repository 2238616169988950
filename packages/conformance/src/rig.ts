import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { ListenerOptions } from '@afterword/adapter-node'
import type { Exchange, Fault, LifecycleOptions, Outcome } from '@afterword/lifecycle-core'
import type { Lifecycle } from '@afterword/lifecycle-core/adapter'
import type { Question, Reply } from './client.js'
import type { Capability, Framework } from './rule.js'

/** One request, as a rule's handler sees it on every server. */
export interface Call {
  readonly exchange: Exchange
  readonly req: IncomingMessage
  /** The raw response. Reading it takes the reply away from the framework, where there is one. */
  readonly res: ServerResponse
  /** Reads the request body to its end. */
  read(): Promise<Buffer>
  /** Replies with a value the way the framework's users do, where that is possible. The status is 200. */
  send?(payload: unknown): void
  /** Replies the way the framework's users do. */
  reply(status: number, body: string | Buffer, headers?: Record<string, string>): void
}

/** Handles one request of a rule. */
export type CallHandler = (call: Call) => unknown

/** Options of one application under test. */
export interface AppOptions extends LifecycleOptions {
  /** Passed to the server: `createServer` options, or Fastify's. */
  server?: Record<string, unknown>
  /** Passed to `lifecycle.listener`, where the rig has one. */
  listener?: ListenerOptions<never, never>
  /** Leaves the sink as it is by default: the rule does not hear of faults. */
  defaultSink?: boolean
  /** Tells nobody of outcomes but the rule's own `onOutcome`, if it has one: the rule does not hear of them by `outcome()`. */
  unwatched?: boolean
  /** Runs before the mount, like a middleware registered earlier. False: the request goes no further. */
  before?: (req: IncomingMessage, res: ServerResponse) => unknown
}

/** A listening application under test. */
export interface App {
  readonly lifecycle: Lifecycle & { drain(options?: object): ReturnType<Lifecycle['drain']> }
  readonly server: Server
  readonly port: number
  /** Sends an ordinary request on a connection of its own, and reads the whole reply. */
  ask(path?: string, question?: Question): Promise<Reply>
  /** Every outcome so far, in the order in which they were told. */
  readonly outcomes: readonly Outcome[]
  /** Everything that reached the sink so far. */
  readonly faults: readonly { error: unknown; fault: Fault }[]
  /** Resolves with the outcome of the n-th exchange to end (from 1), as soon as it is told. */
  outcome(n?: number): Promise<Outcome>
  /** Resolves with the n-th fault (from 1). */
  fault(n?: number): Promise<{ error: unknown; fault: Fault }>
}

/** One server under test. */
export interface Rig {
  readonly name: string
  /** The framework whose own rules it is to keep as well, if it is one of those that have any. */
  readonly framework?: Framework
  /** Set where the adapter itself answers for handlers that throw, because there is no framework that does. */
  readonly answersFaults?: true
  /** Capabilities that this server does not have, each with the reason. */
  readonly lacks: Partial<Record<Capability, string>>
  /** Starts an application in which every request goes to the handler, lets `use` work with it, and stops it. */
  serve(handler: CallHandler, use: (app: App) => Promise<void>, options?: AppOptions): Promise<void>
  /**
   * Serves a handler with the framework and nothing of this library on it: what Node and the framework do alone. Without
   * it, that is what Node does.
   */
  serveBare?(handler: (req: IncomingMessage, res: ServerResponse) => void, use: (app: Pick<App, 'server' | 'port'>) => Promise<void>): Promise<void>
  /**
   * `serve` for an application of the framework's own making: `build` gets the framework's application (Express's
   * `app` with nothing mounted, a Fastify instance with nothing registered) and the adapter's lifecycle.
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- each framework has a type of its own, known to its rules
  serveOwn?(build: (app: any, lifecycle: any) => unknown, use: (app: App) => Promise<void>, options?: AppOptions): Promise<void>
}
