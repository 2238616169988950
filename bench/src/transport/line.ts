import { connect, type Socket } from 'node:net'
import { requestBytes } from './memory.js'

const endOfHead = Buffer.from('\r\n\r\n')
const ok = Buffer.from('HTTP/1.1 200 ')
const requests = new Map<string, Buffer>()

/** One keep-alive connection of the load: as little work per request as possible, but it reads what it gets. */
export class Line {
  private readonly socket: Socket
  private received: Buffer | undefined
  private missing = -1
  private done: (() => void) | undefined
  private failed: ((error: Error) => void) | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.take(chunk))
    socket.on('error', (error) => this.failed?.(error))
    socket.on('close', () => this.failed?.(new Error('the server closed the connection')))
  }

  static open(port: number): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.off('error', reject)
        resolve(new Line(socket))
      })
      socket.once('error', reject)
    })
  }

  /** Sends a request; resolves when all of the response has arrived. Rejects unless its status is 200. */
  ask(path: string): Promise<void> {
    let bytes = requests.get(path)
    if (bytes === undefined) requests.set(path, (bytes = requestBytes(path)))
    return new Promise((resolve, reject) => {
      this.done = resolve
      this.failed = reject
      this.socket.write(bytes)
    })
  }

  close(): void {
    this.failed = undefined
    this.socket.destroy()
  }

  private take(chunk: Buffer): void {
    if (this.missing < 0) {
      const all = this.received === undefined ? chunk : Buffer.concat([this.received, chunk])
      const end = all.indexOf(endOfHead)
      if (end < 0) {
        this.received = all
        return
      }
      this.received = undefined
      if (all.compare(ok, 0, ok.length, 0, ok.length) !== 0) {
        this.failed?.(new Error(`unexpected response: ${all.subarray(0, end).toString('latin1').split('\r\n', 1)[0]}`))
        return
      }
      const length = /\r\ncontent-length: *(\d+)/i.exec(all.toString('latin1', 0, end + 2))
      if (length === null) throw new Error('a response without content-length')
      this.missing = end + endOfHead.length + Number(length[1]) - all.length
    } else this.missing -= chunk.length
    if (this.missing > 0) return
    this.missing = -1
    this.done?.()
  }
}
