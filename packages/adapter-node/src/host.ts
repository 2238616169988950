import type { Server as HttpServer } from 'node:http'
import type { Http2Server, Http2Session } from 'node:http2'
import { Server as NetServer } from 'node:net'
import type { Host } from '@afterword/lifecycle-core/adapter'

/** Any server of Node that a lifecycle can drain: http, https, http2. */
export type NodeServer = NetServer

/** A listening server, as a drain sees it. */
export class ServerHost implements Host {
  readonly closed: Promise<void>
  private readonly server: NodeServer
  private readonly sessions: ReadonlySet<Http2Session>

  constructor(server: NodeServer, sessions: ReadonlySet<Http2Session>) {
    this.server = server
    this.sessions = sessions
    this.closed = new Promise((resolve) => {
      server.once('close', resolve)
      // One that is closed already says so no more, unless it still has connections.
      if (!server.listening) server.getConnections((_error, count) => count === 0 && resolve())
    })
  }

  stop(): void {
    const { server, sessions } = this
    if (server.listening) {
      // Not the `close` of an HTTP/1 server: it also closes connections whose response has ended but is not flushed yet.
      if ('closeIdleConnections' in server) NetServer.prototype.close.call(server)
      else server.close()
    }
    for (const session of sessions) session.close()
  }

  sweep(quiet: boolean): void {
    if (quiet) (this.server as Partial<HttpServer>).closeIdleConnections?.()
  }

  sever(): void {
    ;(this.server as Partial<HttpServer>).closeAllConnections?.()
    // In a later turn: the resets of the streams that were cut must get out, or their clients see a response that is whole.
    setImmediate(() => {
      for (const session of this.sessions) session.destroy()
    })
  }
}

/** Whether a value can be drained. */
export function isServer(value: unknown): value is NodeServer | Http2Server {
  return value instanceof NetServer
}
