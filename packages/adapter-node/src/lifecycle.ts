import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse, Http2Session } from 'node:http2'
import {
  type DrainOptions as CoreDrainOptions,
  type DrainReport,
  type Exchange,
  LifecycleError,
} from '@afterword/lifecycle-core'
import {
  type Binding,
  check,
  drainRequirements,
  exchangeOf,
  type Host,
  isThenable,
  Lifecycle,
  type Requirements,
  type ServerExchange,
  settle,
} from '@afterword/lifecycle-core/adapter'
import { isClaimed } from './claim.js'
import { isServer, type NodeServer, ServerHost, type UpgradedPolicy } from './host.js'
import { http1 } from './http1.js'
import { http2 } from './http2.js'
import { NodeHead } from './head.js'
import { answerFault, answerRefusal, isLost } from './page.js'
import { isPayload, watchPayload } from './payload.js'
import { heldHead } from './hold.js'
import { contain } from './second-reply.js'

/** A request of HTTP/1 or of the HTTP/2 compatibility API, with its exchange. */
export type NodeRequest = (IncomingMessage | Http2ServerRequest) & {
  /** The exchange of this request. */
  exchange: Exchange
}

/** A response of HTTP/1 or of the HTTP/2 compatibility API. */
export type NodeResponse = ServerResponse | Http2ServerResponse

/** Options of a drain. */
export interface DrainOptions extends Omit<CoreDrainOptions, 'hosts'> {
  /** What to stop: a server, a {@link Host}, or a list of them. Without it the drain waits for work only. */
  server?: NodeServer | Host | readonly (NodeServer | Host)[]
  /**
   * What becomes of connections that were upgraded (WebSocket) or taken by CONNECT: they are waited for until the hard
   * deadline, or destroyed at the soft one. Default: `wait`.
   */
  upgraded?: UpgradedPolicy
}

/** What every handler of Node's servers looks like. */
type Handler<Req, Res> = (req: Req & { exchange: Exchange }, res: Res) => unknown

/** Options of a listener. */
export interface ListenerOptions<Req = IncomingMessage, Res = ServerResponse> {
  /**
   * Answers for a handler that threw or rejected before the head was written, instead of the sink and a plain 500. Fields
   * that the handler has set are still there. May be async; if it fails itself, both errors go to the sink, and the
   * client gets the plain 500.
   */
  errorHandler?: (error: unknown, req: Req & { exchange: Exchange }, res: Res) => unknown
}

const attached = Symbol.for('afterword.attached')

/** A lifecycle for Node's own servers: the base of every adapter that stands on them. */
export class NodeLifecycle extends Lifecycle {
  /** Open sessions of HTTP/2 that are known. */
  readonly sessions = new Set<Http2Session>()
  /** What a drain does with connections that were upgraded. */
  upgraded: UpgradedPolicy = 'wait'
  private readonly hosts = new Map<NodeServer, ServerHost>()
  private readonly http1 = this.withFramework(http1)
  private readonly http2 = this.withFramework(http2)

  /** The route that a framework chose, where it knows one by now. */
  protected routeOf?(res: object): string | undefined

  /**
   * Hands the error of a reply that a hook refused to the framework's own error handling. Where that has no part in this
   * response, it answers false, and the client gets a plain 500.
   */
  protected refuse?(res: object, error: unknown): boolean

  /** The methods with which handlers reply with a value, and what they are methods of. */
  protected payloadMethods?(res: object): readonly [owner: object, names: readonly string[]]

  /** What the payload hooks make of a value, for a framework that replies by itself once that has settled. */
  protected transformPayload(res: NodeResponse, payload: unknown): unknown {
    return isPayload(payload) ? exchangeOf(res)?.transformPayload(payload, new NodeHead(res)) : payload
  }

  /**
   * Wraps a handler of `http.createServer`, `https.createServer` or `http2.createServer`. A handler that throws or
   * rejects before it replied is reported, and answered with a plain 500, unless `errorHandler` does both.
   *
   * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_ARGUMENT`, `ERR_LIFECYCLE_INVALID_OPTION`, `ERR_LIFECYCLE_UNKNOWN_OPTION`
   *
   * @example
   * ```ts
   * const server = createServer(lifecycle.listener((req, res) => {
   *   req.exchange.after(() => log('replied'))
   *   res.end('hello')
   * }))
   * ```
   */
  listener<Req extends IncomingMessage | Http2ServerRequest = IncomingMessage, Res extends NodeResponse = ServerResponse>(
    handler: Handler<Req, Res>,
    options: ListenerOptions<Req, Res> = {},
  ): (req: Req, res: Res) => void {
    check('listener', options, listenerRequirements)
    if (typeof handler !== 'function') {
      throw new LifecycleError('ERR_LIFECYCLE_INVALID_ARGUMENT', 'listener() takes a request handler.')
    }
    return (req, res) => {
      const exchange = this.exchange(req, res)
      if (this.turnsAway(exchange, res)) return
      if (options.errorHandler !== undefined) exchange.owner = options
      try {
        const result = exchange.run(handler, req as Req & { exchange: Exchange }, res)
        if (isThenable(result)) settle((exchange.handling = result), undefined, (error) => answerFault(exchange, res, error))
      } catch (error) {
        answerFault(exchange, res, error)
      }
    }
  }

  /**
   * Watches every request of a server that somebody else created, before its handlers run. Returns the server.
   *
   * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_ARGUMENT`
   *
   * @example
   * ```ts
   * const server = lifecycle.attach(app.listen(3000))
   * ```
   */
  attach<S extends NodeServer>(server: S): S {
    if (!isServer(server)) {
      throw new LifecycleError('ERR_LIFECYCLE_INVALID_ARGUMENT', 'attach() takes a server of node:http, node:https or node:http2.')
    }
    const marked = server as NodeServer & { [attached]?: true }
    if (marked[attached] === true) return server
    marked[attached] = true
    // Not a listener: those that are there already would run outside the async context.
    const emit = server.emit as (...args: unknown[]) => boolean
    const dispatch = (event: string, req: IncomingMessage, res: ServerResponse): boolean => emit.call(server, event, req, res)
    server.emit = (event: string, ...args: unknown[]): boolean => {
      // HTTP/2: a drain must also close connections that never bring a request.
      if (event === 'session') this.track(args[0] as Http2Session)
      if (!requestEvents.has(event)) return emit.call(server, event, ...args)
      const [req, res] = args as [IncomingMessage, ServerResponse]
      const exchange = this.exchange(req, res)
      return this.turnsAway(exchange, res) || exchange.run(dispatch, event, req, res)
    }
    return server
  }

  /** Begins the exchange of a request, or returns the one it has. */
  exchange(req: IncomingMessage | Http2ServerRequest, res: NodeResponse, url = req.url ?? '', owner?: unknown): ServerExchange {
    const overHttp2 = 'stream' in res
    if (overHttp2) this.track(res.stream?.session)
    const binding = overHttp2 ? this.http2 : this.http1
    const exchange = this.begin(binding, res, req.method ?? '', url, owner)
    // A mount that runs late.
    if (this.options.guard !== false && isClaimed(res) && heldHead(res) === undefined) contain(res, exchange)
    const own = req as NodeRequest
    if (own.exchange !== exchange) {
      own.exchange = exchange
      if (this.options.context && req.method !== 'GET' && req.method !== 'HEAD') keepContext(req, exchange)
    }
    return exchange
  }

  /**
   * Stops the server and waits for what is in flight: open exchanges, tasks, tasks of tasks. Never rejects, never hangs,
   * never ends the process. Calling it again returns the same promise; times and servers that are given then may bring
   * its deadlines nearer and add to what is stopped.
   *
   * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_ARGUMENT` for options that are not an object;
   * `ERR_LIFECYCLE_INVALID_OPTION` and `ERR_LIFECYCLE_UNKNOWN_OPTION` for wrong ones
   *
   * @example
   * ```ts
   * process.once('SIGTERM', async () => {
   *   const report = await lifecycle.drain({ server, timeout: 10_000 })
   *   process.exitCode = report.suggestedExitCode
   * })
   * ```
   */
  override drain(options: DrainOptions = {}): Promise<DrainReport> {
    checkDrainOptions(options)
    const { server = [], upgraded = this.upgraded, ...rest } = options
    this.upgraded = upgraded
    const hosts = [server].flat().map((each) => (isServer(each) ? this.hostOf(each) : (each as Host)))
    return super.drain({ ...rest, hosts })
  }

  private withFramework(binding: Binding<never>): Binding {
    const { routeOf, refuse, payloadMethods } = this
    if (routeOf === undefined && refuse === undefined && payloadMethods === undefined) return binding as Binding
    const framework: Partial<Binding<NodeResponse>> = {
      ...(routeOf !== undefined && { route: routeOf }),
      ...(refuse !== undefined && { refuse: (res, error) => void (refuse(res, error) || answerRefusal(res, error)) }),
      ...(payloadMethods !== undefined && { watchPayload: (res) => watchPayload(res, ...payloadMethods(res)) }),
    }
    return { ...binding, ...framework } as Binding
  }

  /** The servers of an application that a framework made. */
  serversOf(app: { readonly server: NodeServer }): readonly NodeServer[] {
    return [app.server]
  }

  /** Checks the options of a drain without beginning one. */
  protected checkDrain(options: DrainOptions): void {
    checkDrainOptions(options)
  }

  /** Answers a request with 503 where the drain says so; then it is not handled. */
  protected turnsAway(exchange: ServerExchange, res: NodeResponse): boolean {
    if (!this.rejects(exchange)) return false
    res.statusCode = 503
    res.setHeader('content-type', 'text/plain; charset=utf-8')
    // Another process serves already, or will in a moment.
    res.setHeader('retry-after', '1')
    res.end('Service Unavailable\n')
    return true
  }

  private hostOf(server: NodeServer): Host {
    let host = this.hosts.get(server)
    if (host === undefined) {
      host = new ServerHost(server, this)
      this.hosts.set(server, host)
    }
    return host
  }

  /** The handler of a framework threw: see `ServerExchange.handlerFailed`. True also where there is no exchange. */
  protected handlerFailed(req: NodeRequest | IncomingMessage, res: NodeResponse, error: unknown): boolean {
    return exchangeOf(res)?.handlerFailed(error, 'handler', isLost(req, error)) ?? true
  }

  /** Whether an error only says that the client left while the body of its request was being read. */
  protected isLost(req: IncomingMessage | Http2ServerRequest, error: unknown): boolean {
    return isLost(req, error)
  }

  private track(session: Http2Session | undefined): void {
    if (session === undefined || this.sessions.has(session)) return
    this.sessions.add(session)
    session.once('close', () => this.sessions.delete(session))
  }
}

const { hosts: _hosts, ...commonRequirements } = drainRequirements
const nodeDrainRequirements: Requirements = {
  server: [(value) => [value].flat().every(isDrainable), 'a server of node:http, node:https or node:http2, or a list of them'],
  ...commonRequirements,
  upgraded: [(value) => value === 'wait' || value === 'destroy', "'wait' or 'destroy'"],
}

/** Checks the options of a drain. */
export function checkDrainOptions(options: DrainOptions): void {
  check('drain', options, nodeDrainRequirements)
}

function isDrainable(value: unknown): boolean {
  return isServer(value) || typeof (value as Partial<Host> | undefined)?.sever === 'function'
}

const listenerRequirements: Requirements = {
  errorHandler: [(value) => typeof value === 'function', 'a function'],
}

const requestEvents: ReadonlySet<string> = new Set(['request', 'checkContinue', 'checkExpectation'])

/**
 * A body that arrives after the handler was called is emitted outside of its async context, and so is whatever a parser
 * calls at its end. So the request emits inside the context of its exchange. GET has no body worth the cost.
 */
function keepContext(req: IncomingMessage | Http2ServerRequest, exchange: ServerExchange): void {
  const emit = req.emit as (...args: unknown[]) => boolean
  const dispatch = (...args: unknown[]): boolean => emit.apply(req, args)
  req.emit = (...args: unknown[]): boolean => exchange.run(dispatch, ...args)
}
