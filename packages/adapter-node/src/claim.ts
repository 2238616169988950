import type { ServerExchange } from '@afterword/lifecycle-core/adapter'
import type { AnyResponse } from './head.js'

const slot = Symbol.for('afterword.claim')

/** A response as the guard marks it. */
type Marked = { [slot]?: Claim }

/** Whether somebody has replied already, or has begun to: the one question that the guard asks. */
export function isClaimed(res: Pick<AnyResponse, 'headersSent' | 'writableEnded'>): boolean {
  return res.headersSent || res.writableEnded
}

/** What the guard knows of a response that is claimed. */
export class Claim {
  readonly exchange: ServerExchange
  /** Says by its stack where the response was claimed, if call sites are noted. */
  readonly site: Error | undefined
  /** An error that error middleware is looking at. What it replies goes nowhere, so the error has to go to the sink. */
  failure: { readonly error: unknown } | undefined = undefined
  /** Whether the framework walks on by itself, and whatever it sends is nobody's reply. */
  isPassing = false
  /** The route that claimed it, which a walk to later middleware must not change. */
  route: unknown = undefined
  private readonly turn = currentTurn()
  private secondTurn = -1
  private reportedReply = false
  private reportedError: { readonly error: unknown } | undefined = undefined

  constructor(exchange: ServerExchange, site: Error | undefined) {
    this.exchange = exchange
    this.site = site
  }

  /** Whether a second reply is being made right now. What else it does in the same turn belongs to it. */
  get isSecond(): boolean {
    return this.secondTurn === currentTurn()
  }

  /**
   * A second reply begins. While the first still sends its body, a header that comes in the turn of its head is not
   * another reply, but its own and late.
   */
  beginSecond(ended: boolean): void {
    const turn = currentTurn()
    if (ended || turn !== this.turn) this.secondTurn = turn
  }

  /** Reports a second reply: the first of them, because a stream that goes on makes one with every chunk. */
  reportReply(error: unknown): void {
    if (this.reportedReply) return
    this.reportedReply = true
    this.exchange.report(error, 'handler')
  }

  /** Reports an error that nobody can answer, unless it was just reported. */
  reportFailure(error: unknown): void {
    if (this.reportedError?.error === error && this.reportedError !== undefined) return
    this.reportedError = { error }
    // A head that was written to a destroyed response is no commit: the exchange looks as if it could be answered.
    if (this.exchange.handlerFailed(error)) this.exchange.report(error, 'handler')
  }
}

/** The claim of a response whose exchange is guarded. */
export function claimOf(res: object): Claim | undefined {
  return (res as Marked)[slot]
}

/** Notes a claim. */
export function setClaim(res: object, claim: Claim): void {
  ;(res as Marked)[slot] = claim
}

let turn = 0
let isCounting = false
const resolved = Promise.resolve()

/** A number for everything that runs without a pause: until the microtasks that wait now have had their turn. */
function currentTurn(): number {
  if (!isCounting) {
    isCounting = true
    void resolved.then(endTurn)
  }
  return turn
}

function endTurn(): void {
  turn++
  isCounting = false
}
