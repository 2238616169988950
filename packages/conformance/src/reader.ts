import { type IncomingMessage, request as requestHttp1 } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import type { Readable } from 'node:stream'
import type { Rig } from './rig.js'

/** A client that has asked, over HTTP/1 or HTTP/2, and reads the reply only when it is told to. */
export interface Reader {
  /** Resolves once the head of the reply has come. */
  readonly answered: Promise<void>
  /** Reads to the end and resolves with the number of bytes of the body. */
  resume(): Promise<number>
  /** Leaves, whatever has come so far. */
  leave(): void
}

/** Sends a GET on a connection of its own. */
export function openReader(rig: Rig, port: number, path = '/'): Reader {
  return rig.lacks.http1 === undefined ? overHttp1(port, path) : overHttp2(port, path)
}

function overHttp1(port: number, path: string): Reader {
  const request = requestHttp1({ port, host: '127.0.0.1', path, agent: false })
  const response = new Promise<IncomingMessage>((resolve) => request.once('response', resolve))
  request.on('error', () => {})
  request.end()
  return {
    answered: response.then(() => {}),
    resume: async () => count(await response),
    leave: () => void request.destroy(),
  }
}

function overHttp2(port: number, path: string): Reader {
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  const stream = session.request({ ':path': path })
  session.on('error', () => {})
  stream.on('error', () => {})
  return {
    answered: new Promise((resolve) => stream.once('response', () => resolve())),
    async resume() {
      const bytes = await count(stream)
      session.close()
      return bytes
    },
    leave: () => session.destroy(),
  }
}

async function count(stream: Readable): Promise<number> {
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) bytes += chunk.length
  return bytes
}
