import type { Server } from 'node:http'
import { Duplex } from 'node:stream'

/** One end of a connection that stays inside the process: no system calls, no socket noise. */
class End extends Duplex {
  private peer: End | undefined

  connect(peer: End): void {
    this.peer = peer
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.peer?.push(chunk)
    done()
  }

  override _final(done: () => void): void {
    this.peer?.push(null)
    done()
  }
}

function itself<T>(this: T): T {
  return this
}

/** Connects to a server that need not listen, and returns the client's end. */
export function connect(server: Server): Duplex {
  const client = new End()
  const socket = new End()
  client.connect(socket)
  socket.connect(client)
  // What a server asks of a socket besides being a stream.
  Object.assign(socket, {
    setTimeout: itself,
    setNoDelay: itself,
    setKeepAlive: itself,
    ref: itself,
    unref: itself,
    remoteAddress: '127.0.0.1',
    destroySoon: socket.destroy,
  })
  server.emit('connection', socket)
  return client
}

/** The request that is sent again and again, as bytes. */
export function requestBytes(path = '/'): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n`)
}

/**
 * Sends a request when the response to the one before has arrived, `amount` times. Each in a turn of the event loop of its own, as over
 * a socket: otherwise immediates would never run, and whatever waits for one, the garbage collector included, would pile up.
 */
export function exchangeInTurn(client: Duplex, amount: number): Promise<void> {
  const bytes = requestBytes()
  return new Promise((resolve) => {
    let left = amount
    const send = () => void client.write(bytes)
    const onData = () => {
      left--
      if (left > 0) setImmediate(send)
      else {
        client.off('data', onData)
        resolve()
      }
    }
    client.on('data', onData)
    send()
  })
}
