import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RawClient } from '../client.js'
import { gate, Latch } from '../latch.js'
import type { Call } from '../rig.js'
import type { Rule } from '../rule.js'
import { visit as openVisit } from '../visitor.js'
import { bytesRules } from './bytes.js'
import { assertEndings, byUrl, hugeBody, visit } from './ending.js'
import { lateMountRules } from './late-mount.js'
import { queuedRules } from './queued.js'
import { stormRules } from './storm.js'
import { transportRules } from './transport.js'
import { unflushedRules } from './unflushed.js'

const leave: Readonly<Record<string, (client: RawClient) => void>> = {
  reset: (client) => client.reset(),
  'orderly close': (client) => client.leave(),
}

/** The client leaves before the response has ended. */
const loneRules: readonly Rule[] = [
  {
    id: 'END-201',
    title: 'MUST abort once when the client leaves before the reply, body read or unread, and ignore the late reply',
    needs: ['http1'],
    run: async (rig) => {
      for (const [way, go] of Object.entries(leave)) {
        const held = gate()
        const late = new Latch<string>()
        let commits = 0
        const pending = async (call: Call) => {
          call.exchange.onCommit(() => commits++)
          if (call.req.url === '/read') await call.read()
          reached.add(call.req.url ?? '')
          await held.opened
          call.reply(200, 'late')
          late.add(call.req.url ?? '')
        }
        const reached = new Latch<string>()
        await rig.serve(pending, async (app) => {
          for (const [index, url] of ['/get', '/post', '/read'].entries()) {
            const { client, closed } = await visit(app)
            if (url === '/get') await client.request('GET', url)
            else await client.request('POST', url, ['Content-Length: 5'], 'hello')
            await reached.nth(index + 1)
            go(client)
            await closed
          }
          const expected = Object.fromEntries(['/get', '/post', '/read'].map((url) => [url, 'aborted client before-commit']))
          await assertEndings(app, expected)
          held.open()
          await late.nth(3)
          await assertEndings(app, expected)
          assert.equal(commits, 0, `${way}: a reply that came too late was committed`)
        })
      }
    },
  },
  {
    id: 'END-202',
    title: 'MUST take a client that closes its side before the reply for one that left',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({ '/first': ({ reply }) => reply(200, 'hello'), '/second': () => {} })
      await rig.serve(handler, async (app) => {
        const { client, closed } = await visit(app)
        await client.request('GET', '/first')
        await client.until(/hello$/)
        await client.request('GET', '/second')
        await calls.nth(2)
        client.halfClose()
        await closed
        await assertEndings(app, { '/first': 'finished 200', '/second': 'aborted client before-commit' })
      })
    },
  },
  {
    id: 'END-203',
    title: 'MUST finish the reply to a client that closed its side when the server allows half-open connections',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({ '/reply': () => {}, '/destroy': () => {} })
      await rig.serve(handler, async (app) => {
        ;(app.server as { httpAllowHalfOpen?: boolean }).httpAllowHalfOpen = true
        for (const url of ['/reply', '/destroy']) {
          const { client, peer, closed } = await visit(app)
          await client.request('GET', url)
          const call = await calls.nth(url === '/reply' ? 1 : 2)
          const ended = once(peer, 'end')
          client.halfClose()
          await ended
          if (url === '/reply') call.reply(200, 'hello')
          else call.res.destroy()
          await client.gone()
          await closed
          assert.equal(client.received.endsWith('hello'), url === '/reply')
        }
        await assertEndings(app, { '/reply': 'finished 200', '/destroy': 'aborted server before-commit' })
      })
    },
  },
  {
    id: 'END-204',
    title: 'MUST abort when the client leaves in the middle of its upload',
    needs: ['http1'],
    run: async (rig) => {
      for (const go of Object.values(leave)) {
        const started = new Latch<string>()
        const handler = async (call: Call) => {
          call.req.once('data', () => started.add(call.req.url ?? ''))
          await call.read().catch(() => {})
        }
        await rig.serve(handler, async (app) => {
          for (const [index, [url, field, part]] of [
            ['/length', 'Content-Length: 1000', 'part'],
            ['/chunked', 'Transfer-Encoding: chunked', '4\r\npart\r\n'],
          ].entries()) {
            const { client, closed } = await visit(app)
            await client.request('POST', url as string, [field as string], part)
            await started.nth(index + 1)
            go(client)
            await closed
          }
          await assertEndings(app, { '/length': 'aborted client before-commit', '/chunked': 'aborted client before-commit' })
        })
      }
    },
  },
  {
    id: 'END-205',
    title: 'MUST abort in mid-response when the client leaves after the head, with a length, chunked, and with no byte sent yet',
    needs: ['http1'],
    run: async (rig) => {
      for (const go of Object.values(leave)) {
        const { calls, handler } = byUrl({
          '/length': ({ res }) => void res.writeHead(201, { 'content-length': 100 }).write('part'),
          '/chunked': ({ res }) => void res.writeHead(201).write('part'),
          '/head': ({ res }) => void res.writeHead(201),
        })
        await rig.serve(handler, async (app) => {
          for (const [index, url] of ['/length', '/chunked', '/head'].entries()) {
            const { client, closed } = await visit(app)
            await client.request('GET', url)
            await calls.nth(index + 1)
            if (url !== '/head') await client.until(/part/)
            go(client)
            await closed
          }
          const expected = 'aborted client mid-response 201'
          await assertEndings(app, { '/length': expected, '/chunked': expected, '/head': expected })
        })
      }
    },
  },
  {
    id: 'END-212',
    title: "MUST be aborted when the application hears the 'close' of its response, before the head and behind it",
    run: async (rig) => {
      for (const isBegun of [false, true]) {
        const heard = gate<string>()
        const begun = gate()
        await rig.serve(
          ({ res, exchange }) => {
            res.once('close', () => heard.open(exchange.phase))
            if (isBegun) res.writeHead(200).write('part')
            begun.open()
          },
          async (app) => {
            const visitor = await openVisit(rig, app)
            await begun.opened
            visitor.reset()
            assert.equal(await heard.opened, 'aborted')
            assert.equal((await app.outcome()).reason, 'client')
            visitor.close()
          },
        )
      }
    },
  },
  {
    id: 'END-206',
    title: 'MUST abort in mid-response when the client resets while the handler waits for the stream to drain',
    needs: ['http1'],
    run: async (rig) => {
      const full = new Latch<boolean>()
      const handler = ({ res }: Call) => {
        while (res.write(hugeBody.subarray(0, 65_536)));
        res.once('drain', () => full.add(false))
        full.add(true)
      }
      await rig.serve(handler, async (app) => {
        const { client, closed } = await visit(app)
        client.stall()
        await client.request('GET', '/')
        await full.nth(1)
        client.reset()
        await closed
        await assertEndings(app, { '/': 'aborted client mid-response 200' })
      })
    },
  },
]

export const leavingRules: readonly Rule[] = [
  ...loneRules,
  ...unflushedRules,
  ...stormRules,
  ...queuedRules,
  ...lateMountRules,
  ...bytesRules,
  ...transportRules,
]
