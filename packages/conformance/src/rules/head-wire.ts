import { createServer as createHttp1Server, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { askHttp2, RawClient } from '../client.js'
import { listen, stop } from '../probe.js'
import type { App, Rig } from '../rig.js'

type Handler = (req: IncomingMessage, res: ServerResponse) => void

/** Serves a handler on the rig's kind of server with nothing of this library on it: what Node and the framework do alone. */
export async function serveBare(rig: Rig, handler: Handler, use: (app: Pick<App, 'server' | 'port'>) => Promise<void>): Promise<void> {
  if (rig.serveBare !== undefined) return rig.serveBare(handler, use)
  const server = isHttp2(rig) ? (createHttp2Server(handler as never) as unknown as Server) : createHttp1Server(handler as RequestListener)
  await listen(server)
  try {
    await use({ server, port: (server.address() as AddressInfo).port })
  } finally {
    await stop(server)
  }
}

/**
 * Sends a GET and returns the reply as text that can be compared: the date left out, the names in lower case, and the
 * fields in the order of their names.
 */
export async function wireReply(rig: Rig, port: number, path: string): Promise<string> {
  if (isHttp2(rig)) {
    const reply = await askHttp2(port, path).catch((error: NodeJS.ErrnoException) => String(error.code))
    if (typeof reply === 'string') return reply
    const { status, headers, body } = reply
    return text(String(status), Object.entries(headers).flatMap(([name, value]) => [value].flat().map((each) => `${name}: ${each}`)), body)
  }
  const client = new RawClient(port)
  await client.request('GET', path, ['Connection: close'])
  await client.gone()
  const [head = '', ...body] = client.received.split('\r\n\r\n')
  const [line = '', ...fields] = head.split('\r\n')
  return text(line, fields, body.join('\r\n\r\n'))
}

/** Whether the rig's server speaks HTTP/2. */
export function isHttp2(rig: Rig): boolean {
  return rig.lacks.http1 !== undefined
}

function text(line: string, fields: string[], body: string): string {
  const lines = fields.map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':'))])
  const sorted = lines.filter(([name]) => name !== 'date').toSorted(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0))
  return [line, ...sorted.map((pair) => pair.join('')), '', body].join('\n')
}
