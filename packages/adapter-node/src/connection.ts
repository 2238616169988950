import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const slot = Symbol.for('afterword.connection')

/** A socket as this package marks it. Injected requests have a stub that lacks most of a socket. */
type MarkedSocket = Socket & { [slot]?: Connection }

/** What a connection has once a request has come before the response to the one before it was over. */
class Pipeline {
  /** Those behind the first, in the order of their requests. */
  readonly behind: ServerResponse[] = []
  /** All that had no socket when they were added. */
  readonly queued = new WeakSet<ServerResponse>()
}

/** The open responses of one HTTP/1 connection. There may be tens of thousands of them, so most of it is made when it is needed. */
export class Connection {
  readonly socket: Socket
  /** `socket.bytesWritten` when the last response ended. */
  bytesBefore = 0
  /** A field, and not the first of the list: without pipelining no list is touched. */
  private first: ServerResponse | undefined = undefined
  private pipeline: Pipeline | undefined = undefined

  constructor(socket: Socket) {
    this.socket = socket
  }

  /** Whether its end is told by the events of a socket. That of an injected request is only a stub of one. */
  get isReal(): boolean {
    return this.socket.writableLength !== undefined
  }

  /** Whether its responses follow each other, so that what the socket says, it says of the one that is open. */
  get isPlain(): boolean {
    return this.pipeline === undefined
  }

  /** Whether the operating system takes what is written. Injected requests have a socket on which nothing is ever destroyed. */
  get isAlive(): boolean {
    return !this.socket.destroyed && !this.socket.errored
  }

  /** Whether no response is open. */
  get isIdle(): boolean {
    return this.first === undefined && (this.pipeline === undefined || this.pipeline.behind.length === 0)
  }

  /** In the order of their requests: the first is being sent, the others are queued behind it (pipelining). */
  get open(): readonly ServerResponse[] {
    const behind = this.pipeline === undefined ? [] : this.pipeline.behind
    return this.first === undefined ? behind : [this.first, ...behind]
  }

  add(res: ServerResponse): void {
    if (res.socket !== null) {
      this.first = res
      return
    }
    this.pipeline ??= new Pipeline()
    this.pipeline.behind.push(res)
    this.pipeline.queued.add(res)
  }

  /** Whether it had no socket when it was added: Node gives it to a response when its turn comes. */
  wasQueued(res: ServerResponse): boolean {
    return this.pipeline?.queued.has(res) === true
  }

  has(res: ServerResponse): boolean {
    return this.first === res || this.pipeline?.behind.includes(res) === true
  }

  remove(res: ServerResponse): void {
    if (this.first === res) {
      this.first = undefined
      return
    }
    const place = this.pipeline?.behind.indexOf(res) ?? -1
    if (place >= 0) this.pipeline?.behind.splice(place, 1)
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
    marked[slot] = new Connection(socket)
    onNew(socket)
  }
  return marked[slot]
}

/** Returns the connection of a socket that has one. */
export function knownConnection(socket: Socket): Connection | undefined {
  return (socket as MarkedSocket)[slot]
}
