import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const slot = Symbol.for('afterword.connection')

/** A socket as this package marks it. Injected requests have a stub that lacks most of a socket. */
type MarkedSocket = Socket & { [slot]?: Connection }

/** The open responses of one HTTP/1 connection. */
export class Connection {
  /** In the order of their requests: the first is being sent, the others are queued behind it (pipelining). */
  readonly open: ServerResponse[] = []
  /** Those that had no socket when they were added: Node gives it to them when their turn comes. */
  readonly queued = new WeakSet<ServerResponse>()
  /** `socket.bytesWritten` when the last response ended. */
  bytesBefore = 0

  add(res: ServerResponse): void {
    if (res.socket === null) {
      this.open.push(res)
      this.queued.add(res)
    } else this.open.unshift(res)
  }

  remove(res: ServerResponse): void {
    const index = this.open.indexOf(res)
    if (index >= 0) this.open.splice(index, 1)
  }
}

/** Returns the connection of a socket, and calls `onNew` once for each. */
export function connectionOf(socket: Socket, onNew: (socket: Socket) => void): Connection {
  const marked = socket as MarkedSocket
  if (marked[slot] === undefined) {
    marked[slot] = new Connection()
    onNew(socket)
  }
  return marked[slot]
}

/** Returns the connection of a socket that has one. */
export function knownConnection(socket: Socket): Connection | undefined {
  return (socket as MarkedSocket)[slot]
}
