import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const slot = Symbol.for('afterword.connection')

/** A socket as this package marks it. Injected requests have a stub that lacks most of a socket. */
type MarkedSocket = Socket & { [slot]?: Connection }

/** The open responses of one HTTP/1 connection. */
export class Connection {
  /** Those that had no socket when they were added: Node gives it to them when their turn comes. */
  readonly queued = new WeakSet<ServerResponse>()
  /** `socket.bytesWritten` when the last response ended. */
  bytesBefore = 0
  /** A field, and not the first of the list: without pipelining no list is touched. */
  private first: ServerResponse | undefined = undefined
  private readonly behind: ServerResponse[] = []

  /** In the order of their requests: the first is being sent, the others are queued behind it (pipelining). */
  get open(): readonly ServerResponse[] {
    return this.first === undefined ? this.behind : [this.first, ...this.behind]
  }

  add(res: ServerResponse): void {
    if (res.socket === null) {
      this.behind.push(res)
      this.queued.add(res)
    } else this.first = res
  }

  remove(res: ServerResponse): void {
    if (this.first === res) this.first = undefined
    else if (this.behind.includes(res)) this.behind.splice(this.behind.indexOf(res), 1)
  }

  /** Whether the response has others before it. */
  isBehind(res: ServerResponse): boolean {
    return res !== this.first && this.open.indexOf(res) > 0
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
