import { connect } from 'node:net'
import { request } from 'undici'

/** A request to send. */
interface Call {
  readonly method: 'GET' | 'POST'
  readonly origin: string
  readonly path: string
  /** Resolves once the server has received the request. */
  readonly received: Promise<void>
}

/** The header fields that a client saw: none when it left before they came. */
export type Seen = Readonly<Record<string, string | string[] | undefined>>

/** How a client behaves. */
export type Client = (call: Call) => Promise<Seen>

/** Reads the whole reply. */
export const patient: Client = async ({ method, origin, path }) => {
  const { headers, body } = await request(`${origin}${path}`, { method })
  await body.dump()
  return headers
}

/** Resets the connection as soon as the server has the request. */
export const leavesBeforeHead: Client = async ({ method, origin, path, received }) => {
  const { host, hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname)
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  await received
  socket.resetAndDestroy()
  return {}
}

/** Closes the connection after the first part of the body. */
export const leavesMidBody: Client = async ({ method, origin, path }) => {
  const { headers, body } = await request(`${origin}${path}`, { method })
  for await (const _chunk of body) break
  return headers
}
