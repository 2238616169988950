import assert from 'node:assert/strict'
import { once } from 'node:events'
import { RawClient } from '../client.js'
import type { App, Call } from '../rig.js'
import type { Rule } from '../rule.js'
import { hugeBody, turns } from './ending.js'

/** Clients that leave in no order at all. */
export const stormRules: readonly Rule[] = [
  {
    id: 'END-211',
    title: 'MUST end every exchange once in a storm of 300 connections that are reset at random points',
    needs: ['http1'],
    run: async (rig) => {
      const begun = new Set<string>()
      const ended: string[] = []
      const handler = async (call: Call) => {
        begun.add(call.exchange.id)
        if (call.req.url === '/upload') await call.read().catch(() => {})
        if (call.req.url === '/pending') return
        if (call.req.url === '/stream') call.res.write('part')
        else call.reply(200, call.req.url === '/huge' ? hugeBody.subarray(0, 1024 * 1024) : 'hello')
      }
      const use = async (app: App) => {
        const closing: Promise<unknown>[] = []
        app.server.on('connection', (socket) => closing.push(new Promise((resolve) => socket.once('close', resolve))))
        await Promise.all(Array.from({ length: 300 }, () => storm(app.port)))
        // Its connection is accepted after all of those.
        await app.ask('/last')
        await Promise.all(closing)
        await app.lifecycle.idle()
        await turns()
        assert.deepEqual(ended.toSorted(), [...begun].toSorted())
        assert.equal(app.lifecycle.unended, 0)
        assert.deepEqual(app.faults, [])
      }
      await rig.serve(handler, use, { onOutcome: (_outcome, { id }) => void ended.push(id) })
    },
  },
]

/** One client that asks for one or two things and resets its connection somewhere on the way. */
async function storm(port: number): Promise<void> {
  const client = new RawClient(port)
  const requests = ['/pending', '/stream', '/huge', '/small', '/upload'].map((url) =>
    url === '/upload'
      ? `POST ${url} HTTP/1.1\r\nHost: afterword.test\r\nContent-Length: 10000\r\n\r\n${'x'.repeat(10_000)}`
      : `GET ${url} HTTP/1.1\r\nHost: afterword.test\r\n\r\n`,
  )
  const pick = () => requests[Math.floor(Math.random() * requests.length)] as string
  const bytes = Math.random() < 0.5 ? pick() : pick() + pick()
  await client.send(bytes.slice(0, Math.random() < 0.3 ? Math.ceil(Math.random() * bytes.length) : bytes.length))
  if (Math.random() < 0.5) {
    for (let turn = Math.floor(Math.random() * 10); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve))
  } else if (!bytes.includes('/pending') && Math.random() < 0.7) await Promise.race([once(client.socket, 'data'), turns()])
  client.reset()
  await client.closed
}
