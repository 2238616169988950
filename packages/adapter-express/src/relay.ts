import type { IncomingMessage, ServerResponse } from 'node:http'
import { exchangeOf, isThenable, type ServerExchange, settle } from '@afterword/lifecycle-core/adapter'
import { inertOf } from './inert.js'

type Request = IncomingMessage & { originalUrl?: string; baseUrl?: string }
type Next = (error?: unknown) => void
type Handle = (req: Request, res: ServerResponse, done: Next) => void
type HandleError = (this: Layer, error: unknown, req: Request, res: ServerResponse, next: Next) => void

/** One entry of a router's stack, in Express 4 and 5. */
interface Layer {
  readonly handle: (...args: unknown[]) => unknown
}

interface Router {
  readonly stack: Layer[]
  handle: Handle
  use(middleware: () => void): void
}

/** An Express application, as far as a relay needs it. */
export interface ExpressApplication {
  use: unknown
}

/** What a relay knows of one exchange. */
interface Passage {
  readonly inert: ServerResponse
  /** What error middleware has passed on last: when that comes out at the end, there is nobody left to ask. */
  passedOn: unknown
  /** Errors of tasks that are on their way. */
  readonly ofTasks: Set<unknown>
}

/**
 * Sends what comes too late for an answer through the error middleware of an application: as Express does, router by
 * router, but with a response that can only be read, and past the default handler, which would destroy the connection.
 */
export class Relay {
  readonly app: ExpressApplication
  private readonly router: Router
  private readonly handle: Handle
  private readonly takesTasks: boolean
  private readonly isLost: (req: IncomingMessage, error: unknown) => boolean
  private readonly passages = new WeakMap<ServerExchange, Passage>()
  /** Only where tasks are relayed: they outlive the response otherwise. */
  private readonly responses = new WeakMap<ServerExchange, ServerResponse>()

  constructor(app: ExpressApplication, takesTasks: boolean, isLost: (req: IncomingMessage, error: unknown) => boolean) {
    this.app = app
    this.takesTasks = takesTasks
    this.isLost = isLost
    this.router = routerOf(app)
    this.handle = this.router.handle
    this.router.handle = (req, res, done) => this.handle.call(this.router, req, res, (error) => this.land(error, req, res, done))
    patchLayers(this.router)
  }

  /** A request comes in. */
  enter(exchange: ServerExchange, res: ServerResponse): void {
    if (this.takesTasks) this.responses.set(exchange, res)
  }

  /** Takes the error of a task whose exchange is over. Returns whether it did; then `refuse` gets what nobody handles. */
  take(error: unknown, exchange: ServerExchange, refuse: (error: unknown) => void): boolean {
    const res = this.responses.get(exchange)
    // Express does not carry the others: they mean that there is no error.
    if (res === undefined || !exchange.hasEnded || !isError(error) || error === true) return false
    this.passageOf(exchange, res).ofTasks.add(error)
    this.start(error, res.req as Request, res, refuse)
    return true
  }

  /** Calls one layer with an error that comes too late. */
  call(layer: Layer, error: unknown, req: Request, res: ServerResponse, next: Next): void {
    const { handle } = layer
    const exchange = exchangeOf(res) as ServerExchange
    if (!this.arrives(error, exchange, req, res)) return
    if (handle.length !== 4) {
      next(error)
      return
    }
    const passage = this.passageOf(exchange, res)
    let last: unknown
    const passOn = (second?: unknown): void => {
      // Without an error it was handled: there is no reply to go on with. Some pass it on, and throw it as well.
      if (!isError(second) || second === last) return
      last = second
      passage.passedOn = second
      next(second)
    }
    try {
      const result = handle(error, req, passage.inert, passOn)
      if (isThenable(result)) settle(result, undefined, passOn)
    } catch (second) {
      passOn(second)
    }
  }

  /** The end of the application's own stack, where Express's default handler waits. */
  private land(error: unknown, req: Request, res: ServerResponse, done: Next): void {
    const exchange = exchangeOf(res)
    if (!isError(error) || exchange === undefined || relayOf(exchange) !== this || exchange.noteError(error)) {
      done(error)
      return
    }
    if (!this.arrives(error, exchange, req, res)) return
    const report = (last: unknown): void => exchange.report(last, 'handler')
    // An error that is not the first to come too late finds the stack used up.
    if (this.passageOf(exchange, res).passedOn === error) report(error)
    else this.start(error, req, res, report)
  }

  /** Lets an error in at the top of the stack. */
  private start(error: unknown, req: Request, res: ServerResponse, refuse: (error: unknown) => void): void {
    // Both versions take what `match` throws for the error that they look for a handler for.
    const entrance = { match: () => fail(error) }
    const stack = [entrance, ...this.router.stack]
    req.url = req.originalUrl ?? req.url
    req.baseUrl = ''
    try {
      this.handle.call(Object.create(this.router, { stack: { value: stack } }) as Router, req, res, (last) => {
        if (isError(last)) refuse(last)
      })
    } catch (last) {
      refuse(last)
    }
  }

  /** Whether an error is one, and not only what a client leaves behind. Destroys a response that nobody will end. */
  private arrives(error: unknown, exchange: ServerExchange, req: Request, res: ServerResponse): boolean {
    if (this.passageOf(exchange, res).ofTasks.has(error)) return true
    if (this.isLost(req, error) || exchange.isDeparture(error)) return false
    exchange.truncate()
    return true
  }

  private passageOf(exchange: ServerExchange, res: ServerResponse): Passage {
    let passage = this.passages.get(exchange)
    if (passage === undefined) {
      passage = { inert: inertOf(res), passedOn: undefined, ofTasks: new Set() }
      this.passages.set(exchange, passage)
    }
    return passage
  }
}

function fail(error: unknown): never {
  throw error
}

/** What Express takes for an error. */
function isError(value: unknown): boolean {
  return Boolean(value) && value !== 'route' && value !== 'router'
}

/** The relay of the lifecycle that an exchange belongs to. */
export function relayOf(exchange: ServerExchange | undefined): Relay | undefined {
  return (exchange?.lifecycle as { relay?: Relay } | undefined)?.relay
}

/** Whether a value is an Express application. */
export function isApplication(value: unknown): value is ExpressApplication {
  return typeof value === 'function' && 'handle' in value && 'use' in value && ('lazyrouter' in value || 'router' in value)
}

/** Express 4 makes its router late, and throws where Express 5 has it. */
function routerOf(app: ExpressApplication): Router {
  const either = app as unknown as { lazyrouter?: () => void; _router?: Router; router: Router }
  either.lazyrouter?.()
  return either._router ?? either.router
}

const patched = Symbol.for('afterword.layer')

/** Every error passes from layer to layer through one method, in nested routers as well. */
function patchLayers(router: Router): void {
  router.use(() => {})
  const layers = Object.getPrototypeOf(router.stack.pop()) as { handleError?: HandleError; handle_error?: HandleError; [patched]?: true }
  if (layers[patched] === true) return
  layers[patched] = true
  const name = layers.handleError === undefined ? 'handle_error' : 'handleError'
  const original = layers[name] as HandleError
  layers[name] = function handleError(error, req, res, next) {
    const exchange = exchangeOf(res)
    const relay = relayOf(exchange)
    if (relay !== undefined && !(exchange as ServerExchange).noteError(error)) relay.call(this, error, req, res, next)
    else original.call(this, error, req, res, next)
  }
}
