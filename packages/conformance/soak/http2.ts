import { connect, constants, type ClientHttp2Session } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import type { Dice } from './dice.js'
import type { Ledger } from './ledger.js'
import { drawPlan, isOrderly, markOf } from './plan.js'
import { turns } from './turn.js'

const departures = { stays: 50, 'resets at once': 6, 'resets after turns': 10, 'resets after bytes': 10, 'resets mid-upload': 6 }

const codes = [constants.NGHTTP2_CANCEL, constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_REFUSED_STREAM, constants.NGHTTP2_INTERNAL_ERROR]

/** One session of a client: some streams at a time, each with a way to end, and sometimes the end of the session. */
export async function visitHttp2(port: number, dice: Dice, ledger: Ledger): Promise<void> {
  const socket = connectTcp({ port, host: '127.0.0.1' })
  const session = connect(`http://127.0.0.1:${port}`, { createConnection: () => socket })
  session.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const breaks = dice.happens(0.15)
  const visits = Array.from({ length: 1 + dice.below(8) }, () => visitStream(session, dice, ledger, breaks))
  if (breaks) {
    await turns(dice.below(20))
    if (dice.happens(0.5)) session.destroy()
    else socket.resetAndDestroy()
  }
  await Promise.all(visits)
  session.close()
  // A session does not always close by itself.
  await Promise.race([closed, turns(200)])
  socket.destroy()
  await closed
}

async function visitStream(session: ClientHttp2Session, dice: Dice, ledger: Ledger, breaks: boolean): Promise<void> {
  const plan = ledger.open(drawPlan(dice))
  const departure = dice.pick(departures)
  const code = codes[dice.below(codes.length)] as number
  const stream = session.request({ ':method': plan.upload > 0 ? 'POST' : 'GET', ':path': `/${plan.id}` }, { endStream: plan.upload === 0 })
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()))
  stream.on('error', () => {})
  let tail = ''
  let whole = false
  let left = dice.below(100_000)
  stream.on('response', (fields) => (whole ||= fields['x-mark'] === markOf(plan)))
  // What was not uploaded by then is not wanted any more.
  stream.on('end', () => void turns(50).then(() => stream.destroy()))
  stream.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('latin1')).slice(-64)
    whole ||= tail.includes(markOf(plan))
    left -= chunk.length
    if (departure === 'resets after bytes' && left < 0) stream.close(code)
  })
  const done = ledger.visit(() => `${departure}, ${plan.reply} ${plan.upload} ${plan.reads}, ${tail}, session ${session.closed} ${session.destroyed}, stream ${stream.closed} ${stream.destroyed}`)
  if (plan.upload > 0) {
    if (departure === 'resets mid-upload') stream.write('u'.repeat(dice.below(plan.upload)))
    else stream.end('u'.repeat(plan.upload))
  }
  if (departure === 'resets at once') stream.close(code)
  if (departure === 'resets after turns' || departure === 'resets mid-upload') {
    await turns(dice.below(12))
    stream.close(code)
  }
  if (departure === 'resets at once' || departure === 'resets after turns' || departure === 'resets mid-upload') {
    // Some codes wait for the upload to end.
    await Promise.race([closed, turns(200)])
    stream.destroy()
  }
  await closed
  done()
  if (departure === 'stays' && !breaks && isOrderly(plan)) ledger.stayed(plan, whole)
}
