import { connect, type Socket } from 'node:net'

/** Frame types of HTTP/2. */
const types = { DATA: 0, HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, PING: 6, GOAWAY: 7 } as const

/** Error codes of HTTP/2. */
export const codes = { NO_ERROR: 0, INTERNAL_ERROR: 2, CANCEL: 8 } as const

/** `:scheme: http`, `:path: /` from the static table, and `:authority: a.test`. */
const target = [0x86, 0x84, 0x01, 0x06, ...Buffer.from('a.test')]

/** Header blocks, by method. HEAD is not in the static table. */
const requests = {
  GET: Buffer.from([0x82, ...target]),
  POST: Buffer.from([0x83, ...target]),
  HEAD: Buffer.from([0x02, 0x04, ...Buffer.from('HEAD'), ...target]),
}

const endStream = 0x1
const endHeaders = 0x4

/** One frame that was received. */
interface Frame {
  readonly type: keyof typeof types | 'other'
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

/**
 * An HTTP/2 client that sends exactly the frames that a rule wants, which Node's own client does not: that one ends a
 * stream before it resets it. It never enlarges a window, so that a response of more than 65 535 bytes stays unflushed.
 */
export class FrameClient {
  readonly socket: Socket
  readonly frames: Frame[] = []
  private rest = Buffer.alloc(0)
  private watchers: (() => void)[] = []

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1' })
    // A reset is what many rules are about.
    this.socket.on('error', () => {})
    this.socket.on('data', (bytes: Buffer) => this.take(bytes))
    this.socket.on('close', () => this.wake())
    this.socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')
    this.send(frame('SETTINGS', 0, 0))
  }

  /** Sends frames in one packet. */
  send(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  /** Resolves once a frame of this type came for this stream (0: the connection). */
  async until(type: Frame['type'], stream: number): Promise<Frame> {
    for (;;) {
      const found = this.frames.find((each) => each.type === type && each.stream === stream)
      if (found !== undefined) return found
      if (this.socket.closed) throw new Error(`The connection closed before ${type} came for stream ${stream}.`)
      await new Promise<void>((resolve) => this.watchers.push(resolve))
    }
  }

  /** Resolves with the body once the response has come to its end. */
  async body(stream: number): Promise<string> {
    const isLast = (each: Frame) => each.stream === stream && (each.type === 'DATA' || each.type === 'HEADERS') && (each.flags & endStream) > 0
    while (!this.frames.some(isLast)) {
      if (this.socket.closed) throw new Error(`The connection closed before stream ${stream} ended.`)
      await new Promise<void>((resolve) => this.watchers.push(resolve))
    }
    return this.frames.flatMap((each) => (each.stream === stream && each.type === 'DATA' ? [each.payload.toString()] : [])).join('')
  }

  /** Resolves once the server has taken all that was sent, and all that it sent is read. */
  async ping(): Promise<void> {
    const answers = () => this.frames.filter(({ type }) => type === 'PING').length
    const before = answers()
    this.send(frame('PING', 0, 0, Buffer.alloc(8)))
    while (answers() === before && !this.socket.closed) await new Promise<void>((resolve) => this.watchers.push(resolve))
  }

  /** Leaves in order: a FIN, if all that came was read. */
  leave(): void {
    this.socket.destroy()
  }

  /** Leaves with a TCP reset. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  private take(bytes: Buffer): void {
    this.rest = Buffer.concat([this.rest, bytes])
    while (this.rest.length >= 9) {
      const end = 9 + this.rest.readUIntBE(0, 3)
      if (this.rest.length < end) break
      const names = Object.keys(types) as (keyof typeof types)[]
      const type = names.find((name) => types[name] === this.rest[3]) ?? 'other'
      const flags = this.rest[4] as number
      const stream = this.rest.readUInt32BE(5)
      const received: Frame = { type, flags, stream, payload: this.rest.subarray(9, end) }
      this.rest = this.rest.subarray(end)
      this.frames.push(received)
      if (type === 'SETTINGS' && flags === 0) this.send(frame('SETTINGS', 1, 0))
    }
    this.wake()
  }

  private wake(): void {
    for (const watcher of this.watchers.splice(0)) watcher()
  }
}

/** The head of a request; a POST goes on with {@link data}. */
export function request(stream: number, method: keyof typeof requests = 'GET'): Buffer {
  return frame('HEADERS', method === 'POST' ? endHeaders : endHeaders | endStream, stream, requests[method])
}

/** A part of the request body. */
export function data(stream: number, text: string, last = false): Buffer {
  return frame('DATA', last ? endStream : 0, stream, Buffer.from(text))
}

/** Gives up one stream. */
export function rst(stream: number, code: number): Buffer {
  return frame('RST_STREAM', 0, stream, uint32(code))
}

/** Gives up the connection, after the streams that are open. */
export function goaway(code: number): Buffer {
  return frame('GOAWAY', 0, 0, Buffer.concat([uint32(0), uint32(code)]))
}

/** A frame that breaks the protocol: settings for a stream. */
export function nonsense(stream: number): Buffer {
  return frame('SETTINGS', 0, stream)
}

function frame(type: keyof typeof types, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = types[type]
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
