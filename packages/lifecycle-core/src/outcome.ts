import type { AbortPosition, AbortReason, HeaderFields } from './binding.js'
import type { CapturedBody } from './capture.js'
import type { TransactionFate } from './participants.js'

/**
 * The frozen facts of how an exchange ended. Reading it never touches the request or the response, which are let go of
 * at the end.
 */
export interface Outcome {
  /**
   * `finished`: every byte was accepted by the operating system while the peer was alive, which is not the same as
   * "the client read it". `aborted`: over before that.
   */
  readonly kind: 'finished' | 'aborted'
  /** Why it was aborted; `null` when it finished. */
  readonly reason: AbortReason | null
  /** How far the response had come when it was aborted; `null` when it finished. */
  readonly position: AbortPosition | null
  /** The committed status, or `null` when nothing was committed: no status is invented. */
  readonly status: number | null
  /** The header fields as they were written; empty when nothing was committed. Parsed on first read. */
  readonly headers: HeaderFields
  /**
   * Bytes of the response that were handed to the connection, or `null` where the platform cannot tell.
   * HTTP/1: head and framing included. An upper bound when the exchange was aborted.
   */
  readonly bytes: number | null
  /**
   * What was kept of the body by `captureBody`, or `null`: nothing was captured, nothing was committed, or the type was not
   * wanted. To be read before the exchange has drained: in a task, or synchronously in `onOutcome`.
   */
  readonly body: CapturedBody | null
  /** What the handler threw, if it did, as far as the framework tells. */
  readonly error: unknown
  /**
   * What became of the transactions that the exchange had begun; `null` when there was none. An abort after the commit
   * does not undo it.
   */
  readonly transaction: TransactionFate | null
  /** The method of the request. */
  readonly method: string
  /** As the client sent it. */
  readonly url: string
  /** The route pattern, when the framework knows one. */
  readonly route: string | null
  /** When the request reached the mount, in ms since the epoch; `null` without `timings`. */
  readonly receivedAt: number | null
  /** From there to the commit, in ms; `null` when nothing was committed, or without `timings`. */
  readonly timeToCommitMs: number | null
  /** From there to the end, in ms; `null` without `timings`. */
  readonly durationMs: number | null
}

type Facts = Omit<Outcome, 'headers'>

/** An {@link Outcome} that parses its headers on first read. */
export class LazyOutcome implements Outcome {
  readonly kind: Outcome['kind']
  readonly reason: Outcome['reason']
  readonly position: Outcome['position']
  readonly status: Outcome['status']
  readonly bytes: Outcome['bytes']
  readonly body: Outcome['body']
  readonly error: unknown
  readonly transaction: Outcome['transaction']
  readonly method: string
  readonly url: string
  readonly route: Outcome['route']
  readonly receivedAt: Outcome['receivedAt']
  readonly timeToCommitMs: Outcome['timeToCommitMs']
  readonly durationMs: Outcome['durationMs']
  /** Private fields stay writable on a frozen object, which is what makes a lazy frozen fact possible. */
  #headers: HeaderFields | undefined
  readonly #parse: (head: unknown) => HeaderFields
  #head: unknown

  constructor(facts: Facts, head: unknown, parse: (head: unknown) => HeaderFields) {
    this.kind = facts.kind
    this.reason = facts.reason
    this.position = facts.position
    this.status = facts.status
    this.bytes = facts.bytes
    this.body = facts.body
    this.error = facts.error
    this.transaction = facts.transaction
    this.method = facts.method
    this.url = facts.url
    this.route = facts.route
    this.receivedAt = facts.receivedAt
    this.timeToCommitMs = facts.timeToCommitMs
    this.durationMs = facts.durationMs
    this.#head = head
    this.#parse = parse
    Object.freeze(this)
  }

  get headers(): HeaderFields {
    if (this.#headers === undefined) {
      this.#headers = Object.freeze(this.#head === undefined ? {} : this.#parse(this.#head))
      this.#head = undefined
    }
    return this.#headers
  }

  /** A getter of the prototype is not serialized, so the headers are added by hand. */
  toJSON(): object {
    return { ...this, headers: this.headers }
  }
}

/** Whether the exchange went well: it finished, the status is below 400, and the handler did not throw. */
export function isSuccess(outcome: Outcome): boolean {
  return outcome.kind === 'finished' && (outcome.status ?? 0) < 400 && outcome.error === undefined
}
