import { type IncomingMessage, request as requestHttp1 } from 'node:http'
import { connect } from 'node:http2'
import type { Readable } from 'node:stream'
import { askHttp1, askHttp2 } from '../src/client.js'
import type { ServerName } from './scenario.js'

/** Sends one request on a connection of its own, and resolves with the status of a whole reply, or 0. */
export async function ask(server: ServerName, port: number, path: string): Promise<number> {
  try {
    return (await (server === 'http2' ? askHttp2 : askHttp1)(port, path)).status
  } catch {
    return 0
  }
}

/** What a client got of a response. */
interface Received {
  readonly bytes: number
  /** The end came, and was no reset. */
  readonly whole: boolean
  /** The last bytes. */
  readonly tail: string
}

/** A client that has asked, and reads the reply only when it is told to. */
export interface Reading {
  /** Resolves once the head of the reply has come. */
  readonly answered: Promise<unknown>
  /** Reads to the end, whatever end it is. */
  read(): Promise<Received>
}

/** Sends a GET on a connection of its own. */
export function open(server: ServerName, port: number, path: string): Reading {
  return server === 'http2' ? overHttp2(port, path) : overHttp1(port, path)
}

function overHttp1(port: number, path: string): Reading {
  const request = requestHttp1({ port, host: '127.0.0.1', path, agent: false })
  const answered = new Promise<IncomingMessage>((resolve, reject) => request.once('response', resolve).once('error', reject))
  request.end()
  return {
    answered,
    async read() {
      const response = await answered
      return receive(response, () => response.complete)
    },
  }
}

function overHttp2(port: number, path: string): Reading {
  const session = connect(`http://127.0.0.1:${port}`)
  const stream = session.request({ ':path': path })
  session.on('error', () => {})
  stream.on('close', () => session.close())
  return {
    answered: new Promise((resolve, reject) => stream.once('response', resolve).once('error', reject)),
    read: () => receive(stream, () => stream.rstCode === 0 && !stream.aborted),
  }
}

async function receive(stream: Readable, isWhole: () => boolean): Promise<Received> {
  let bytes = 0
  let tail = ''
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length
      tail = chunk.subarray(-100).toString()
    }
    return { bytes, tail, whole: isWhole() }
  } catch {
    return { bytes, tail, whole: false }
  }
}
