import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const slot = Symbol.for('afterword.connection')

/** A socket as this package marks it. Injected requests have a stub that lacks most of a socket. */
type MarkedSocket = Socket & { [slot]?: Connection }

/** Shared by all connections that are not pipelined. Never changed. */
const none: ServerResponse[] = []

/** The open responses of one HTTP/1 connection. There may be tens of thousands of them, so most of it is made when it is needed. */
export class Connection {
  readonly socket: Socket
  /** `socket.bytesWritten` when the last response ended. */
  bytesBefore = 0
  /** A field, and not the first of the list: without pipelining no list is touched. */
  private first: ServerResponse | undefined = undefined
  private behind = none
  private queued: WeakSet<ServerResponse> | undefined = undefined

  constructor(socket: Socket) {
    this.socket = socket
  }

  /** Whether its end is told by the events of a socket. That of an injected request is only a stub of one. */
  get isReal(): boolean {
    return this.socket.writableLength !== undefined
  }

  /** Whether its responses follow each other, so that what the socket says, it says of the one that is open. */
  get isPlain(): boolean {
    return this.queued === undefined
  }

  /** Whether the operating system takes what is written. Injected requests have a socket on which nothing is ever destroyed. */
  get isAlive(): boolean {
    return !this.socket.destroyed && !this.socket.errored
  }

  /** Whether no response is open. */
  get isIdle(): boolean {
    return this.first === undefined && this.behind.length === 0
  }

  /** In the order of their requests: the first is being sent, the others are queued behind it (pipelining). */
  get open(): readonly ServerResponse[] {
    return this.first === undefined ? this.behind : [this.first, ...this.behind]
  }

  add(res: ServerResponse): void {
    if (res.socket !== null) {
      this.first = res
      return
    }
    if (this.behind === none) this.behind = []
    this.behind.push(res)
    this.queued ??= new WeakSet()
    this.queued.add(res)
  }

  /** Whether it had no socket when it was added: Node gives it to a response when its turn comes. */
  wasQueued(res: ServerResponse): boolean {
    return this.queued?.has(res) === true
  }

  has(res: ServerResponse): boolean {
    return this.first === res || this.behind.includes(res)
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
    marked[slot] = new Connection(socket)
    onNew(socket)
  }
  return marked[slot]
}

/** Returns the connection of a socket that has one. */
export function knownConnection(socket: Socket): Connection | undefined {
  return (socket as MarkedSocket)[slot]
}
