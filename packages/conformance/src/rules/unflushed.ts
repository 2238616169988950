import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Rule } from '../rule.js'
import { assertEndings, byUrl, hugeBody, turns, visit } from './ending.js'

/** The client leaves when the response has ended: before its last byte was flushed, or after. */
export const unflushedRules: readonly Rule[] = [
  {
    id: 'END-207',
    title: 'MUST NOT call a response finished that was ended but not flushed when the client left',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({
        '/reply': ({ reply }) => reply(200, hugeBody),
        '/chunked': ({ res }) => {
          res.write(hugeBody)
          res.end()
        },
        '/close': ({ res }) => void res.setHeader('connection', 'close').end(hugeBody),
      })
      await rig.serve(handler, async (app) => {
        const urls = ['/reply', '/chunked', '/close']
        for (const [index, url] of urls.entries()) {
          const { client, closed } = await visit(app)
          client.stall()
          await client.request('GET', url)
          await calls.nth(index + 1)
          client.reset()
          await closed
        }
        await assertEndings(app, Object.fromEntries(urls.map((url) => [url, 'aborted client unflushed 200'])))
      })
    },
  },
  {
    id: 'END-208',
    title: 'MUST NOT call a response finished that was not flushed when the client said goodbye and then left',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({ '/': ({ reply }) => reply(200, hugeBody) })
      await rig.serve(handler, async (app) => {
        const { client, peer, closed } = await visit(app)
        client.stall()
        await client.request('GET', '/')
        await calls.nth(1)
        const ended = once(peer, 'end')
        client.halfClose()
        await ended
        await turns()
        assert.equal(app.outcomes.length, 0)
        client.leave()
        await closed
        await assertEndings(app, { '/': 'aborted client unflushed 200' })
      })
    },
  },
  {
    id: 'END-209',
    title: 'MUST finish a response when a slow reader has taken the last byte that the server held, and not before',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({
        '/': ({ res }) => void res.setHeader('connection', 'close').end(hugeBody),
        '/small': ({ reply }) => reply(200, 'hello'),
      })
      await rig.serve(handler, async (app) => {
        const { client, closed } = await visit(app)
        client.stall()
        await client.request('GET', '/')
        await calls.nth(1)
        await app.ask('/small')
        await app.outcome()
        assert.deepEqual(app.outcomes.map(({ url }) => url), ['/small'])
        await client.gone()
        await closed
        await assertEndings(app, { '/small': 'finished 200', '/': 'finished 200' })
        assert.equal(app.outcomes[1]?.bytes, client.received.length)
      })
    },
  },
  {
    id: 'END-210',
    title: 'MUST call a response finished when the client leaves right after the last byte',
    needs: ['http1'],
    run: async (rig) => {
      const body = hugeBody.subarray(0, 8 * 1024 * 1024)
      const { handler } = byUrl({ '/small': ({ reply }) => reply(200, 'x'), '/big': ({ reply }) => reply(200, body) })
      await rig.serve(handler, async (app) => {
        for (const [url, length] of [['/small', 1], ['/big', body.length]] as const) {
          const { client, closed } = await visit(app)
          await client.request('GET', url)
          const head = (await client.until(/\r\n\r\n/)).indexOf('\r\n\r\n') + 4
          while (client.received.length < head + length) await once(client.socket, 'data')
          // Before Node 24 a body that had to wait is followed by an empty write of its own: one more turn of the loop.
          if (url === '/big') await turns()
          client.reset()
          await closed
        }
        await assertEndings(app, { '/small': 'finished 200', '/big': 'finished 200' })
      })
    },
  },
]
