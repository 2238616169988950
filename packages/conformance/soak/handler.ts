import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Exchange } from '@afterword/lifecycle-core'
import type { Ledger } from './ledger.js'
import { markOf, type Plan } from './plan.js'
import { turns } from './turn.js'
import { scheduleAll } from './work.js'

/** One request, as every server passes it on. */
export interface Call {
  readonly req: IncomingMessage
  /** Node's own response; on Fastify, reading it takes the reply over. */
  readonly res: ServerResponse
  readonly exchange: Exchange
  /** Replies the way the users of the framework do. */
  reply(status: number, body: string | Buffer, fields: Record<string, string>): void
}

const padding = Buffer.alloc(600_000, 'x')

/** Does with a request what its plan says. */
export function handle(call: Call, ledger: Ledger): unknown {
  const { plan } = ledger.entry(call.exchange.url)
  call.req.on('error', () => {})
  scheduleAll(call.exchange, plan, ledger)
  if (plan.reply === 'throws') throw new Error('a handler that throws')
  if (plan.waits === 0 && plan.upload === 0) return act(call, plan)
  return prepare(call, plan).then(() => act(call, plan))
}

async function prepare({ req }: Call, plan: Plan): Promise<void> {
  await turns(plan.waits)
  if (plan.upload === 0 || !plan.reads) return
  try {
    for await (const chunk of req) void chunk
  } catch {
    // The client left. Most applications reply all the same.
  }
}

function act(call: Call, plan: Plan): unknown {
  const mark = markOf(plan)
  switch (plan.reply) {
    case 'small':
      return call.reply(200, `hello ${mark}`, { 'content-type': 'text/plain' })
    case 'large':
      return call.reply(200, Buffer.concat([padding, Buffer.from(mark)]), { 'content-type': 'text/plain' })
    case 'empty':
      return call.reply(204, '', { 'x-mark': mark })
    case 'rejects':
      return Promise.reject(new Error('a handler that rejects'))
    case 'never':
      return new Promise(() => {})
    default:
      return actRaw(call, call.res, plan, mark)
  }
}

function actRaw({ req }: Call, res: ServerResponse, { reply, waits }: Plan, mark: string): unknown {
  res.on('error', () => {})
  switch (reply) {
    case 'stream':
      return pipeline(Readable.from(chunks(waits, mark)), res).catch(() => {})
    case 'head, then leaves it':
      res.writeHead(200)
      res.flushHeaders()
      return new Promise(() => {})
    case 'throws after the head':
      res.writeHead(200)
      res.write('part')
      throw new Error('a handler that throws after the head')
    case 'destroys res':
      return void res.destroy()
    case 'destroys res with an error':
      return void res.destroy(new Error('a response that is destroyed'))
    case 'destroys req':
      return void req.destroy()
    case 'destroys the socket':
      return 'stream' in req ? (req.stream as { destroy(): void }).destroy() : void req.socket.destroy()
    default:
      res.end(mark)
      return void res.destroy()
  }
}

/** The mark comes in the last chunk. */
async function* chunks(waits: number, mark: string): AsyncGenerator<string | Buffer> {
  for (let chunk = 0; chunk < 4; chunk++) {
    yield padding.subarray(0, 1 + waits * 5000)
    await turns(waits % 3)
  }
  yield mark
}
