import { type IncomingMessage, request as requestHttp1 } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'

/** A client that says exactly what a rule wants on the wire, and leaves exactly how it wants. */
export class RawClient {
  readonly socket: Socket
  /** All that was received, as latin1. */
  received = ''
  /** Resolves once the connection is gone, either way. */
  readonly closed: Promise<void>
  private readonly connected: Promise<void>
  private watchers: (() => void)[] = []

  constructor(port: number, socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })) {
    this.socket = socket
    this.connected = new Promise((resolve) => socket.once(socket instanceof Object && 'encrypted' in socket ? 'secureConnect' : 'connect', resolve))
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    // A reset is what many rules are about.
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1')
      for (const watcher of this.watchers.splice(0)) watcher()
    })
    socket.on('end', () => {
      for (const watcher of this.watchers.splice(0)) watcher()
    })
    socket.on('close', () => {
      for (const watcher of this.watchers.splice(0)) watcher()
    })
  }

  /** Writes bytes as they are. */
  async send(bytes: string | Buffer): Promise<void> {
    await this.connected
    await new Promise<void>((resolve) => this.socket.write(bytes, 'latin1', () => resolve()))
  }

  /** Sends one request with a Host field. */
  async request(method: string, path: string, fields: readonly string[] = [], body = ''): Promise<void> {
    await this.send([`${method} ${path} HTTP/1.1`, 'Host: afterword.test', ...fields, '', body].join('\r\n'))
  }

  /** Resolves once what was received matches, or the connection is gone. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.received) && !this.socket.closed && !this.socket.readableEnded) {
      await new Promise<void>((resolve) => this.watchers.push(resolve))
    }
    if (!pattern.test(this.received)) throw new Error(`The connection closed before ${pattern} came; received: ${this.received.slice(0, 500)}`)
    return this.received
  }

  /** Stops reading, so that the server's writes pile up. */
  stall(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  /** Leaves with a RST. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** Says that nothing more will be sent: a FIN. */
  halfClose(): void {
    this.socket.end()
  }

  /** Leaves in order. */
  leave(): void {
    this.socket.destroy()
  }

  /** Waits until the server has let go of the connection. */
  async gone(): Promise<void> {
    this.socket.resume()
    if (!this.socket.readableEnded && !this.socket.closed) {
      await new Promise<void>((resolve) => {
        this.socket.once('end', resolve)
        this.socket.once('close', () => resolve())
      })
    }
    this.socket.destroy()
    await this.closed
  }
}

/** A whole reply. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** An ordinary request. */
export interface Question {
  method?: string
  headers?: Record<string, string>
  body?: string
}

/** Sends one request over HTTP/1.1, on a connection of its own. */
export async function askHttp1(port: number, path: string, { method = 'GET', headers = {}, body }: Question = {}): Promise<Reply> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = requestHttp1({ port, host: '127.0.0.1', path, method, headers, agent: false }, resolve)
    request.once('error', reject)
    request.end(body)
  })
  const text = (await readAll(response)).toString()
  return { status: response.statusCode ?? 0, headers: response.headers, body: text }
}

/** Sends one request over HTTP/2, on a session of its own. */
export async function askHttp2(port: number, path: string, { method = 'GET', headers = {}, body }: Question = {}): Promise<Reply> {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  try {
    return await new Promise((resolve, reject) => {
      session.once('error', reject)
      const stream = session.request({ ':method': method, ':path': path, ...headers }, { endStream: body === undefined })
      let head: Reply['headers'] & { ':status'?: number } = {}
      stream.once('response', (fields) => (head = fields as typeof head))
      stream.once('error', reject)
      readAll(stream).then((bytes) => resolve({ status: head[':status'] ?? 0, headers: head, body: bytes.toString() }), reject)
      if (body !== undefined) stream.end(body)
    })
  } finally {
    session.close()
  }
}

/** Reads a stream to its end. */
export async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}
