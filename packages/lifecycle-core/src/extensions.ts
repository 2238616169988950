import type { Binding, ResponseHead } from './binding.js'
import type { Capture } from './capture.js'
import { LifecycleError } from './errors.js'
import type { CommitListener } from './exchange.js'
import type { Hooks } from './hooks.js'
import type { Participants } from './participants.js'
import type { ServerExchange } from './server-exchange.js'
import { isThenable, settle } from './sink.js'

/**
 * What most exchanges do without: who has a say in the reply, what is kept of its body, the signal, the error of the
 * handler. Made with the first of these: there may be tens of thousands of exchanges in flight.
 */
export class Extensions {
  /** Who wants to see the head. Let go of when it is written. */
  commitListeners: CommitListener[] | undefined = undefined
  /** Who may hold the reply. Let go of at the end. */
  hooks: Hooks | undefined = undefined
  /** Its transactions. */
  participants: Participants | undefined = undefined
  /** What is kept of the body. */
  capture: Capture | undefined = undefined
  /** Behind its signal. */
  controller: AbortController | undefined = undefined
  /** What the handler threw. */
  error: unknown = undefined

  /** Takes a commit listener. */
  listen(listener: CommitListener): void {
    this.commitListeners ??= []
    this.commitListeners.push(listener)
  }

  /** Calls the commit listeners, latest first, until there are none. */
  tellHead(head: ResponseHead, exchange: ServerExchange): void {
    const listeners = this.commitListeners
    this.commitListeners = undefined
    if (listeners === undefined) return
    for (let index = listeners.length - 1; index >= 0; index--) tellListener(listeners[index] as CommitListener, head, exchange)
    // Those that were registered by a listener: the head is still open to them.
    this.tellHead(head, exchange)
  }

  /** The head is written. */
  close(): void {
    this.commitListeners = undefined
  }

  /** The exchange is over. */
  end(): void {
    this.close()
    if (this.hooks !== undefined) this.hooks.hold.drop()
    this.hooks = undefined
  }

  /** What was kept of the body that was sent with this head, if its type was wanted. */
  bodyOf(head: unknown, { parseHead }: Pick<Binding, 'parseHead'>): Capture | undefined {
    return this.capture?.wants(String(parseHead(head)['content-type'] ?? '')) === true ? this.capture : undefined
  }
}

function tellListener(listener: CommitListener, head: ResponseHead, exchange: ServerExchange): void {
  try {
    const result: unknown = listener(head, exchange)
    if (isThenable(result)) reportPromise(result, exchange)
  } catch (error) {
    exchange.report(error, 'commit-listener')
  }
}

function reportPromise(result: PromiseLike<unknown>, exchange: ServerExchange): void {
  const message = 'A commit listener returned a promise, but the head does not wait. Make the listener synchronous.'
  exchange.report(new LifecycleError('ERR_LIFECYCLE_ASYNC_LISTENER', message), 'commit-listener')
  settle(result, undefined, (error) => exchange.report(error, 'commit-listener'))
}
