import { Agent, createServer, get, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** Ms between two looks at whether a backend is ready. */
const probeMs = 25

/** Ms for which an idle connection to a backend is kept: less than the backend keeps it, or a request may meet its end. */
const idleMs = 2_000

/** One process behind the balancer. */
interface Backend {
  readonly port: number
  readonly agent: Agent
  ready: boolean
}

/**
 * A balancer as deployments have it: round robin over the backends that say that they are ready, on connections that it
 * keeps. It never sends a request twice.
 */
export class Balancer {
  /** Requests that a backend did not answer, and why. */
  readonly failures: string[] = []
  private readonly server = createServer((req, res) => this.forward(req, res))
  private readonly backends = new Set<Backend>()
  private timer: NodeJS.Timeout | undefined
  private turn = 0
  private watchers: (() => void)[] = []

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  async start(): Promise<void> {
    // Clients keep their connections for as long as they like.
    this.server.keepAliveTimeout = 0
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
  }

  async stop(): Promise<void> {
    clearTimeout(this.timer)
    for (const { agent } of this.backends) agent.destroy()
    const closed = new Promise((resolve) => this.server.close(resolve))
    this.server.closeAllConnections()
    await closed
  }

  /** Takes a backend in; resolves when requests go to it. */
  async add(port: number): Promise<void> {
    const backend: Backend = { port, agent: new Agent({ keepAlive: true, timeout: idleMs }), ready: false }
    this.backends.add(backend)
    this.probe()
    while (!backend.ready) await new Promise<void>((resolve) => this.watchers.push(resolve))
  }

  /** Forgets a backend whose process is gone. */
  remove(port: number): void {
    for (const backend of this.backends) if (backend.port === port) this.backends.delete(backend)
  }

  private probe(): void {
    clearTimeout(this.timer)
    for (const backend of this.backends) {
      const asked = get({ port: backend.port, host: '127.0.0.1', path: '/ready', agent: false }, (response) => {
        response.resume()
        this.note(backend, response.statusCode === 200)
      })
      asked.on('error', () => this.note(backend, false))
    }
    this.timer = setTimeout(() => this.probe(), probeMs)
  }

  private note(backend: Backend, ready: boolean): void {
    backend.ready = ready
    if (!ready) closeIdle(backend)
    for (const watcher of this.watchers.splice(0)) watcher()
  }

  private forward(req: IncomingMessage, res: ServerResponse): void {
    const ready = [...this.backends].filter((backend) => backend.ready)
    const backend = ready[this.turn++ % ready.length]
    if (backend === undefined) return this.fail(res, 'no backend is ready')
    const { port, agent } = backend
    const { connection: _hop, ...headers } = req.headers
    const onward = request({ port, host: '127.0.0.1', path: req.url, method: req.method, headers, agent }, (response) => {
      const { connection: _ours, ...fields } = response.headers
      res.writeHead(response.statusCode ?? 502, fields)
      response.pipe(res)
      response.once('error', () => {
        this.failures.push('truncated')
        res.destroy()
      })
      response.once('close', () => backend.ready || closeIdle(backend))
    })
    onward.once('error', (error) => this.fail(res, (error as NodeJS.ErrnoException).code ?? error.message))
    req.pipe(onward)
  }

  private fail(res: ServerResponse, why: string): void {
    this.failures.push(why)
    if (res.headersSent) res.destroy()
    else res.writeHead(502).end()
  }
}

/** Nothing more is to be sent to this backend, so what is kept for it goes. */
function closeIdle({ agent }: Backend): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets as Socket[]) socket.destroy()
}
