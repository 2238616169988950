/**
 * The port: what a server must tell the core, and what the core may ask of it. This is the file to read first
 * when adding a server; `packages/adapter-node` is the worked example.
 */

import type { Capture } from './capture.js'

/** Header values as a server writes them. */
export type HeaderValue = string | number | readonly string[]

/** The head as committed: lower-case names; `set-cookie` is a list, other repeated fields are joined with `, `. */
export type HeaderFields = Readonly<Record<string, string | readonly string[]>>

/** The status line and header fields, in the last moment in which they may be changed. */
export interface ResponseHead {
  /** The status code; may be assigned. */
  status: number
  /** The value that was set, or `undefined`. */
  getHeader(name: string): HeaderValue | undefined
  /** Replaces the field. */
  setHeader(name: string, value: HeaderValue): void
  /** Adds a value to the field. */
  appendHeader(name: string, value: string | readonly string[]): void
  /** Whether the field was set. */
  hasHeader(name: string): boolean
  /** Takes the field out. */
  removeHeader(name: string): void
  /** Lower-case names of the fields set so far. */
  getHeaderNames(): string[]
}

/** Why an exchange was aborted. */
export type AbortReason =
  /** The client reset or closed the connection, or reset the stream. */
  | 'client'
  /** This side destroyed the response or its connection. */
  | 'server'
  /** The request did not arrive within the server's own time limit (408). */
  | 'timeout'
  /** The bytes on the connection were not HTTP. */
  | 'parse-error'
  /** It did not end within `exchangeTimeout`. */
  | 'deadline'
  /** The drain's hard deadline came first. */
  | 'drain'
  /** The connection was taken away from the response, and then closed. */
  | 'detached'

/** How far the response had come when the exchange was aborted. */
export type AbortPosition =
  /** No head was written. */
  | 'before-commit'
  /** A head was written, the end was not. */
  | 'mid-response'
  /** All was written, but not all was accepted by the operating system. */
  | 'unflushed'

/**
 * What a server tells the core about one exchange. The exchange implements it itself, so a binding needs no closure
 * per request. Every method may be called at any time and any number of times; what comes too late is ignored.
 */
export interface Signals {
  /** What the binding keeps for itself until the end; the core only hands it back. */
  kept: unknown
  /** Whether the head can still be changed. */
  readonly isOpen: boolean
  /** Whether a listener wants to see the head. While it is false, a binding need not build a {@link ResponseHead}. */
  readonly awaitsHead: boolean
  /** The head is about to be written and may still be changed, synchronously. */
  tellHead(head: ResponseHead): void
  /** The head was written, with this status. */
  commit(status: number): void
  /** Every byte was handed to the operating system, and the peer was alive. */
  finish(): void
  /** It was over before that. */
  abort(reason: AbortReason): void
}

/** One constant per kind of server. It has no state and allocates nothing per request. */
export interface Binding<Res extends object = object> {
  /** Starts to watch the response. Must lead to `finish` or `abort`, even if the response is over already. */
  attach(res: Res, signals: Signals): void
  /**
   * Ask the client not to use this connection again; called while draining. Until the server has `stopped`, only where
   * that does not refuse what the client has sent meanwhile.
   */
  endConnection(res: Res, stopped: boolean): void
  /** Whether the application has written all of its response, flushed or not. */
  isWritten(res: Res): boolean
  /** Destroys a response that will not end by itself, so that the client sees the truncation. */
  destroy(res: Res): void
  /**
   * The head that was written, in whatever form the server keeps it, or `undefined` when there was none. Taken at the
   * end. It must not refer to `res`, which it outlives.
   */
  writtenHead(res: Res): unknown
  /** Bytes of this response that were handed to the connection, or `null` where the platform cannot tell. */
  writtenBytes(res: Res, kept: unknown): number | null
  /** Turns a written head into header fields, when somebody reads them. */
  parseHead(head: unknown): HeaderFields
  /** The route the framework chose, if it knows one by now. */
  route?(res: Res): string | undefined
  /**
   * Holds what the application writes from now on, until the gate has let the head pass. Called when the first
   * `beforeCommit` hook of an exchange is registered; a server without it has no such hooks.
   */
  hold?(res: Res, gate: Gate): Hold
  /** Shows what the framework replies with to the hold, before it is serialized. Called with the first `onPayload` hook. */
  watchPayload?(res: Res): void
  /** Gives the beginning of the body to a capture, as the application writes it. */
  capture?(res: Res, capture: Capture): void
  /** Hands an error to the framework's own error handling, as if the handler had failed with it. Nothing was sent. */
  refuse?(res: Res, error: unknown): void
}

/** What a held response asks of its exchange. */
export interface Gate {
  /** The most that may be held, in bytes. */
  readonly maxHeldBytes: number
  /** Whether a hook is an async function, so that what is written will have to be held. */
  readonly isAsync: boolean
  /** Whether there is nothing left to ask: the exchange is over, or its head is out. */
  readonly isOver: boolean
  /**
   * Runs the hooks. Answers whether the head may pass: at once when no hook returned a promise. `false` means that the
   * exchange has ended meanwhile. Rejects with the error of the hook that refused.
   */
  ask(head: ResponseHead): boolean | Promise<boolean>
  /** The application has replied, or tried to, when there was nothing left to ask. */
  comeLate(): void
  /** Whether a hook wants to see the payload. */
  readonly awaitsPayload: boolean
  /** Runs the payload hooks: what they made of it, or a promise of that when one of them returned a promise. */
  transform(payload: unknown, head: ResponseHead): unknown
  /** The reply was refused and dropped: its error goes to the framework. */
  refuse(error: unknown): void
  /** The same by a payload hook; the error page still passes the other hooks. */
  refusePayload(error: unknown): void
  /** A hook failed when its verdict was not waited for any more. */
  failLate(error: unknown): void
}

/** What an exchange asks of its held response. */
export interface Hold {
  /** Whether a reply waits. */
  readonly isHolding: boolean
  /** Whether the reply that waits was written to its end. */
  readonly hasEnded: boolean
  /** Lets go of what is held: the exchange has ended. Runs inside native listeners. */
  drop(): void
}

/** A listening server, as a drain sees it. */
export interface Host {
  /** Stops accepting connections, and leaves the open ones alone. */
  stop(): void
  /**
   * Closes connections on which nothing is in flight. Called after every end. `quiet` says that no exchange is waiting
   * for its end on any connection, so that the server's own notion of an idle connection can be trusted. `late` says
   * that the soft deadline has passed: requests that have not come to their head are not waited for any more.
   */
  sweep(quiet: boolean, late: boolean): void
  /** Destroys every connection that is left. */
  sever(): void
  /** How many connections carry no exchange. Asked before they are severed. */
  readonly unclaimed: number
  /** Resolves once every connection is gone. */
  readonly closed: Promise<void>
}
