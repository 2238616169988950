import { request as requestHttp1 } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { type Outcome, transaction } from '@afterword/lifecycle-core'
import type { Connection, Database } from '../../../examples/transaction/src/database.js'
import type { App, Call, Rig } from '../src/rig.js'

/** What a request makes the handler do, after it has inserted its row. */
const kinds = ['created', 'conflict', 'throws', 'violates', 'poisons'] as const

export const failure = new Error('the handler failed')

/** How often each of the three functions was called for one transaction. */
interface Calls {
  commits: number
  committed: number
  rollbacks: number
}

/** A generator of the numbers from 0 to 1 that a seed stands for. */
export function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Random requests to one server over one database, and the books that are kept of them. */
export class Workload {
  readonly calls: Calls[] = []
  inUse = 0
  /** The status that each client has read, or `undefined` if it left before. By row. */
  readonly answers = new Map<string, number | undefined>()
  private readonly roll: () => number
  private readonly transaction
  private readonly callsOf = new Map<object, Calls>()

  constructor(database: Database, seed: number) {
    this.roll = dice(seed)
    this.transaction = transaction<Connection>({
      begin: async () => {
        const connection = await database.begin()
        const calls = { commits: 0, committed: 0, rollbacks: 0 }
        this.callsOf.set(connection, calls)
        this.calls.push(calls)
        return connection
      },
      commit: async (connection) => {
        const calls = this.callsOf.get(connection) as Calls
        calls.commits++
        await database.commit(connection)
        calls.committed++
      },
      rollback: async (connection, context) => {
        ;(this.callsOf.get(connection) as Calls).rollbacks++
        if (context.inUse) this.inUse++
        await database.rollback(connection, context)
      },
      // Every handler below shows that it is through, so nothing waits that long.
      grace: 20_000,
    })
  }

  /** `/kind/row` */
  readonly handle = async ({ exchange, reply }: Call): Promise<void> => {
    const [, kind, row] = exchange.url.split('/')
    const work = async (connection: Connection): Promise<void> => {
      await connection.query('insert into placed values ($1)', [row])
      // Checked when the transaction is committed, and not before.
      if (kind === 'violates') await connection.query('insert into lines values ($1, $2)', [row, 'nowhere'])
      // The handler goes on as if nothing had happened; the database will not.
      if (kind === 'poisons') await connection.query('insert into placed values ($1)', [row]).catch(() => {})
    }
    // Half of the handlers keep the connection, half of them borrow it.
    if (Number(row) % 2 === 0) await work(await this.transaction(exchange))
    else await this.transaction.run(work, exchange)
    if (kind === 'throws') throw failure
    reply(kind === 'conflict' ? 409 : 201, 'hello')
  }

  /** Sends so many requests, so many at a time; every third client leaves at some point. */
  async run(rig: Rig, app: App, count: number, atATime: number): Promise<void> {
    let next = 0
    const visitor = async (): Promise<void> => {
      while (next < count) {
        const row = String(next++)
        const path = `/${kinds[Math.floor(this.roll() * kinds.length)]}/${row}`
        const leaveAfterMs = this.roll() < 1 / 3 ? this.roll() * 12 : undefined
        this.answers.set(row, await (rig.lacks.http1 === undefined ? visitHttp1 : visitHttp2)(app.port, path, leaveAfterMs))
      }
    }
    await Promise.all(Array.from({ length: atATime }, visitor))
    await app.lifecycle.idle()
  }
}

/** The row that an exchange was about. */
export function rowOf({ url }: Outcome): string {
  return url.split('/')[2] as string
}

function visitHttp1(port: number, path: string, leaveAfterMs: number | undefined): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = requestHttp1({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      response.resume()
      response.once('close', () => resolve(response.complete ? response.statusCode : undefined))
    })
    request.once('error', () => resolve(undefined))
    request.end()
    if (leaveAfterMs !== undefined) setTimeout(() => request.destroy(), leaveAfterMs)
  })
}

function visitHttp2(port: number, path: string, leaveAfterMs: number | undefined): Promise<number | undefined> {
  return new Promise((resolve) => {
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    session.once('error', () => resolve(undefined))
    const stream = session.request({ ':path': path })
    let status: number | undefined
    let isWhole = false
    stream.once('response', (fields) => (status = Number(fields[':status'])))
    stream.once('end', () => (isWhole = stream.rstCode === 0))
    stream.once('error', () => {})
    stream.once('close', () => {
      session.destroy()
      resolve(isWhole ? status : undefined)
    })
    stream.resume()
    if (leaveAfterMs !== undefined) setTimeout(() => session.destroy(), leaveAfterMs)
  })
}
