import type { Server as HttpServer, ServerResponse } from 'node:http'
import type { Http2Server, Http2ServerResponse, Http2Session } from 'node:http2'
import { type Socket, Server as NetServer } from 'node:net'
import type { Host, Lifecycle } from '@afterword/lifecycle-core/adapter'

/** Any server of Node that a lifecycle can drain: http, https, http2. */
export type NodeServer = NetServer

/** What becomes of upgraded connections in a drain. */
export type UpgradedPolicy = 'wait' | 'destroy'

/** What a host must know of the lifecycle. */
interface Traffic extends Pick<Lifecycle, 'open' | 'unended'> {
  readonly sessions: ReadonlySet<Http2Session>
  readonly upgraded: UpgradedPolicy
}

/** A listening server, as a drain sees it. */
export class ServerHost implements Host {
  readonly closed: Promise<void>
  private readonly server: NodeServer & Partial<Pick<HttpServer, 'closeIdleConnections' | 'closeAllConnections'>>
  private readonly traffic: Traffic
  private isSwept = false
  private isSweptLate = false

  constructor(server: NodeServer, traffic: Traffic) {
    this.server = server
    this.traffic = traffic
    this.closed = new Promise((resolve) => {
      server.once('close', resolve)
      // One that is closed already says so no more, unless it still has connections.
      if (!server.listening) server.getConnections((_error, count) => count === 0 && resolve())
    })
  }

  stop(): void {
    const { server } = this
    if (server.listening) {
      // Not the `close` of an HTTP/1 server: it also closes connections whose response has ended but is not flushed yet.
      if ('closeIdleConnections' in server) NetServer.prototype.close.call(server)
      else server.close()
    }
    this.guard()
    for (const session of this.traffic.sessions) session.close()
  }

  /** Whoever calls `server.close()` meanwhile, as Fastify does, must not cut off what is not flushed. */
  private guard(): void {
    const { server, traffic } = this
    const { closeIdleConnections: close } = server
    if (close === undefined || Object.hasOwn(server, 'closeIdleConnections')) return
    server.closeIdleConnections = () => {
      if (traffic.unended === 0) close.call(server)
    }
    void this.closed.then(() => delete server.closeIdleConnections)
  }

  sweep(quiet: boolean, late: boolean): void {
    const { server, traffic } = this
    if (quiet) server.closeIdleConnections?.()
    // Once: no others are accepted any more.
    if (!this.isSwept) this.destroySilent()
    this.isSwept = true
    if (!late) return
    if (traffic.upgraded === 'destroy') {
      if (quiet || !this.isSweptLate) destroyAll(this.unclaimedSockets())
      this.isSweptLate = true
    } else if (quiet) {
      // Requests that never came to their head. Connections that were upgraded are not among them.
      if (server.closeAllConnections !== undefined) server.closeAllConnections()
      else if (server.closeIdleConnections === undefined) destroyAll(this.unknownSockets())
    }
  }

  sever(): void {
    this.server.closeAllConnections?.()
    // In a later turn: the resets of the streams that were cut must get out, or their clients see a response that is whole.
    setImmediate(() => {
      for (const session of this.traffic.sessions) session.destroy()
      destroyAll(socketsOf(this.server))
    })
  }

  get unclaimed(): number {
    return this.unclaimedSockets().length
  }

  /** Destroys connections on which nothing has come: Node counts them as idle from 26 on. */
  private destroySilent(): void {
    // Over HTTP/2 without TLS the bytes are not counted here, but every session there has been asked to go.
    if (this.server.closeIdleConnections === undefined) return
    destroyAll(socketsOf(this.server).filter(({ bytesRead }) => bytesRead === 0))
  }

  /** Connections that carry no exchange. */
  private unclaimedSockets(): Socket[] {
    const claimed = new Set([...this.traffic.open].map(({ response }) => response && peerOf(socketOf(response))))
    return socketsOf(this.server).filter((socket) => !claimed.has(peerOf(socket)))
  }

  /** Connections of HTTP/2 that have not made a request, on a Node that does not list them. */
  private unknownSockets(): Socket[] {
    const known = new Set([...this.traffic.sessions].map(({ socket }) => peerOf(socket)))
    return socketsOf(this.server).filter((socket) => !known.has(peerOf(socket)))
  }
}

/** Whether a value can be drained. */
export function isServer(value: unknown): value is NodeServer | Http2Server {
  return value instanceof NetServer
}

/**
 * The open connections of a server. Node lists its handles on request, which costs nothing until then; a list of our own
 * would cost every connection something, and would lack those that were accepted before the lifecycle saw the server.
 * Where Node does not tell, there are none, and connections without an exchange are waited for.
 */
function socketsOf(server: NodeServer): Socket[] {
  const { _getActiveHandles: list } = process as { _getActiveHandles?: () => (Socket & { server?: unknown })[] }
  return (list?.call(process) ?? []).filter((handle) => handle.server === server && !handle.destroyed)
}

function destroyAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy()
}

function socketOf(response: object): Socket | undefined {
  const { req, stream } = response as Partial<ServerResponse & Http2ServerResponse>
  return stream === undefined ? req?.socket : stream.session?.socket
}

/** Tells connections apart, whatever is layered above the socket: TLS and HTTP/2 have objects of their own. */
function peerOf(socket: Partial<Socket> | undefined): string {
  return `${socket?.remoteAddress} ${socket?.remotePort}`
}
