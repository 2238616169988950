import { connect, type ClientHttp2Session } from 'node:http2'
import autocannon from 'autocannon'
import { gate } from '../src/latch.js'
import type { ServerName } from './scenario.js'

/** Requests without end on a few connections, until the server listens no more. */
export interface Load {
  /** Replies by status. */
  readonly statuses: ReadonlyMap<number, number>
  /** Resolves once so many replies have come whole. */
  reached(count: number): Promise<void>
  /** Resolves once every connection was refused: the server listens no more. */
  readonly over: Promise<void>
}

/** Counts replies. */
class Tally {
  readonly statuses = new Map<number, number>()
  private total = 0
  private watchers: { count: number; resolve: () => void }[] = []

  add(status: number): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    this.total++
    for (const { resolve } of this.watchers.filter(({ count }) => count <= this.total)) resolve()
    this.watchers = this.watchers.filter(({ count }) => count > this.total)
  }

  reached = (count: number): Promise<void> => {
    if (this.total >= count) return Promise.resolve()
    return new Promise((resolve) => this.watchers.push({ count, resolve }))
  }
}

/** Puts a server under load. */
export function startLoad(server: ServerName, port: number, connections = 20): Load {
  return server === 'http2' ? overHttp2(port, 4, connections / 4) : overHttp1(port, connections)
}

function overHttp1(port: number, connections: number): Load {
  const tally = new Tally()
  const ended = gate()
  const options: autocannon.Options = {
    url: `http://127.0.0.1:${port}`,
    connections,
    // Far beyond what any run needs.
    duration: 120,
    timeout: 60,
    setupClient: (client) => leaveWhenRefused(client as unknown as Connection),
  }
  autocannon(options, () => ended.open()).on('response', (_client, status) => tally.add(status))
  return { statuses: tally.statuses, reached: tally.reached, over: ended.opened }
}

/** What autocannon's types leave out. */
interface Connection {
  on(event: 'connError', listener: (error: NodeJS.ErrnoException) => void): void
  destroy(): void
}

/** A client whose connection is refused has nobody to ask any more. It would try again for ever. */
function leaveWhenRefused(client: Connection): void {
  client.on('connError', ({ code }) => code === 'ECONNREFUSED' && client.destroy())
}

function overHttp2(port: number, sessions: number, streams: number): Load {
  const tally = new Tally()
  const lanes = Array.from({ length: sessions }, async () => {
    const session = connect(`http://127.0.0.1:${port}`)
    const closed = new Promise((resolve) => session.once('close', resolve))
    session.on('error', () => {})
    await Promise.all(Array.from({ length: streams }, () => askUntilGone(session, tally)))
    await closed
  })
  return { statuses: tally.statuses, reached: tally.reached, over: Promise.all(lanes).then(() => {}) }
}

/** Asks on a session for as long as it takes requests. */
async function askUntilGone(session: ClientHttp2Session, tally: Tally): Promise<void> {
  while (!session.closed && !session.destroyed) {
    await new Promise<void>((resolve) => {
      const stream = session.request({ ':path': '/' })
      let status = 0
      let ended = false
      stream.once('response', (head) => (status = head[':status'] ?? 0))
      stream.once('end', () => (ended = true))
      // The server refuses what was sent after its GOAWAY: that was not accepted.
      stream.on('error', () => {})
      stream.once('close', () => {
        if (ended && status > 0) tally.add(status)
        resolve()
      })
      stream.resume()
    })
  }
}
