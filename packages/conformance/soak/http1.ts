import { connect, type Socket } from 'node:net'
import type { Dice } from './dice.js'
import type { Ledger } from './ledger.js'
import { drawPlan, isOrderly, markOf, type Plan } from './plan.js'
import { turns } from './turn.js'

const departures = {
  stays: 50, 'resets after sending': 8, 'resets after bytes': 10, 'stalls, then resets': 4, 'half-closes': 5, 'leaves after sending': 5,
  'resets mid-upload': 6, 'sends garbage behind': 3,
}

/** One connection of a client: some requests, pipelined or one after the other, and a way to leave. */
export async function visitHttp1(port: number, dice: Dice, ledger: Ledger): Promise<void> {
  const plans = Array.from({ length: dice.happens(0.3) ? 2 + dice.below(5) : 1 }, () => ledger.open(drawPlan(dice)))
  const departure = dice.pick(departures)
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  socket.on('end', () => socket.destroy())
  const seen = watch(socket, plans)
  const pipelined = dice.happens(0.7)
  const done = ledger.visit(() => `${departure}, ${pipelined ? 'pipelined' : 'in turn'}: ${plans.map(({ reply, upload, reads }) => `${reply} ${upload} ${reads}`).join('; ')}; ${seen.bytes} bytes, ${[...seen.marks].join(' ')}`)
  if (departure === 'stays') await stay(socket, plans, pipelined, seen)
  else await leave(socket, plans, departure, dice, seen)
  await closed
  done()
  // Of pipelined requests, one that is not orderly takes the connection, and with it what was accepted but not yet read.
  if (departure === 'stays' && plans.every(isOrderly)) for (const plan of plans) ledger.stayed(plan, seen.marks.has(markOf(plan)))
}

interface Seen {
  readonly marks: Set<string>
  bytes: number
  /** Final responses that have begun. */
  heads: number
  /** Resolves when more came, or when no more will. */
  more(): Promise<void>
}

function watch(socket: Socket, plans: readonly Plan[]): Seen {
  const marks = new Set<string>()
  const wanted = plans.map(markOf)
  let tail = ''
  let headTail = ''
  let watchers: (() => void)[] = []
  const wake = (): void => {
    const woken = watchers
    watchers = []
    for (const watcher of woken) watcher()
  }
  const seen: Seen = {
    marks,
    bytes: 0,
    heads: 0,
    more: () => (socket.closed ? Promise.resolve() : new Promise((resolve) => watchers.push(resolve))),
  }
  socket.on('data', (chunk: Buffer) => {
    seen.bytes += chunk.length
    const text = tail + chunk.toString('latin1')
    const fresh = headTail + chunk.toString('latin1')
    seen.heads += fresh.split('HTTP/1.1 ').length - 1
    headTail = fresh.slice(-8)
    if (text.includes('~')) for (const mark of wanted) if (text.includes(mark)) marks.add(mark)
    tail = text.slice(-32)
    wake()
  })
  socket.on('close', wake)
  return seen
}

async function stay(socket: Socket, plans: readonly Plan[], pipelined: boolean, seen: Seen): Promise<void> {
  if (pipelined) socket.write(plans.map(bytesOf).join(''), 'latin1')
  for (const [index, plan] of plans.entries()) {
    if (!pipelined) socket.write(bytesOf(plan), 'latin1')
    // An error page has no mark; it is the last thing that is waited for on its connection.
    while (!seen.marks.has(markOf(plan)) && !socket.closed && (isOrderly(plan) || seen.heads <= index)) await seen.more()
    if (!isOrderly(plan)) break
  }
  socket.end()
}

async function leave(socket: Socket, plans: readonly Plan[], departure: keyof typeof departures, dice: Dice, seen: Seen): Promise<void> {
  const bytes = plans.map(bytesOf).join('')
  const mid = departure === 'resets mid-upload'
  const sent = new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
    socket.write(mid ? bytes.slice(0, 1 + dice.below(bytes.length)) : bytes, 'latin1', () => resolve())
  })
  if (departure === 'stalls, then resets') socket.pause()
  await sent
  if (departure === 'sends garbage behind') socket.write('\0garbage\r\n\r\n')
  else if (departure === 'half-closes') socket.end()
  else if (departure === 'resets after bytes') {
    const limit = dice.below(400_000)
    // An error page has no mark: its first bytes are enough.
    const least = isOrderly(plans[0] as Plan) ? limit : 1
    while (seen.bytes < least && seen.marks.size === 0 && !socket.closed) await seen.more()
    socket.resetAndDestroy()
  } else {
    await turns(dice.below(12))
    if (departure === 'leaves after sending') socket.destroy()
    else socket.resetAndDestroy()
  }
}

function bytesOf({ id, upload }: Plan): string {
  const method = upload > 0 ? 'POST' : 'GET'
  const fields = upload > 0 ? `content-length: ${upload}\r\ncontent-type: text/plain\r\n` : ''
  return `${method} /${id} HTTP/1.1\r\nhost: afterword.test\r\n${fields}\r\n${'u'.repeat(upload)}`
}
