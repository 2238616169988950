import type { AbortPosition, AbortReason } from './binding.js'
import type { LazyOutcome } from './outcome.js'
import type { FaultLogger } from './sink.js'

/** What is taken down of an exchange when it ends, and its response is let go of. There is none before that. */
export class Ending {
  /** Why it was aborted; `null` when it finished. */
  readonly reason: AbortReason | null
  /** How far the response had come when it was aborted. */
  readonly position: AbortPosition | null
  /** The head that was written, as the binding keeps it; `undefined` when there was none. */
  readonly head: unknown
  /** Bytes of the response that were handed to the connection, or `null` where the platform cannot tell. */
  readonly bytes: number | null
  /** The framework's logger of this request, if it has one. */
  readonly logger: FaultLogger | undefined
  /** Made when somebody asks, and from then on the same. */
  outcome: LazyOutcome | undefined = undefined

  constructor(
    reason: AbortReason | null,
    position: AbortPosition | null,
    head: unknown,
    bytes: number | null,
    logger: FaultLogger | undefined,
  ) {
    this.reason = reason
    this.position = position
    this.head = head
    this.bytes = bytes
    this.logger = logger
  }
}
