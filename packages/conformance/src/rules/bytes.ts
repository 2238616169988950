import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RawClient } from '../client.js'
import type { Rule } from '../rule.js'
import { visit } from './ending.js'

/** What went over the wire. */
export const bytesRules: readonly Rule[] = [
  {
    id: 'END-236',
    title: 'MUST count the bytes of each reply on a connection, whatever else was sent on it past the mount',
    needs: ['http1', 'before'],
    run: async (rig) => {
      const lengths: number[] = []
      await rig.serve(
        (call) => {
          if (call.req.url === '/chunked') {
            call.res.write('part')
            call.res.end('rest')
          } else call.reply(200, 'hello')
        },
        async (app) => {
          const { client } = await visit(app)
          let seen = 0
          for (const url of ['/plain', '/past', '/chunked', '/past', '/plain', '/plain']) {
            await client.request('GET', url)
            const length = await replyLength(client, seen)
            if (url !== '/past') lengths.push(length)
            seen += length
          }
          await app.outcome(4)
          assert.deepEqual(app.outcomes.map(({ bytes }) => bytes), lengths)
          client.reset()
        },
        { before: ({ url }, res) => url !== '/past' || !res.end('x'.repeat(5000)) },
      )
    },
  },
]

/** The length of the reply that begins at this offset, once it is there. */
async function replyLength(client: RawClient, from: number): Promise<number> {
  for (;;) {
    const reply = client.received.slice(from)
    const head = reply.indexOf('\r\n\r\n') + 4
    const length = /content-length: (\d+)/i.exec(reply.slice(0, head))?.[1]
    const last = reply.indexOf('0\r\n\r\n', head)
    if (length !== undefined && reply.length >= head + Number(length)) return head + Number(length)
    if (head > 3 && length === undefined && last >= 0) return last + 5
    await once(client.socket, 'data')
  }
}
