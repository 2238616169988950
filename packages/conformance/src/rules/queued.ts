import assert from 'node:assert/strict'
import { gate, Latch } from '../latch.js'
import type { Call, CallHandler } from '../rig.js'
import type { Rule } from '../rule.js'
import { assertEndings, byUrl, turns, visit } from './ending.js'

const get = (url: string, ...fields: string[]) => [`GET ${url} HTTP/1.1`, 'Host: afterword.test', ...fields, '', ''].join('\r\n')
const post = (url: string) => `POST ${url} HTTP/1.1\r\nHost: afterword.test\r\nContent-Length: 5\r\n\r\nhello`

/** Requests on one connection that wait for the replies to those before them. */
export const queuedRules: readonly Rule[] = [
  {
    id: 'END-221',
    title: 'MUST abort what is queued on a pipelined connection when the client leaves: unended, ended, with its body read',
    needs: ['http1'],
    run: async (rig) => {
      for (const go of ['reset', 'leave'] as const) {
        const reached = new Latch<string>()
        const handler = async (call: Call) => {
          if (call.req.url === '/read') await call.read()
          if (call.req.url === '/ended') call.reply(200, 'hello')
          if (call.req.url === '/streaming') call.res.write('part')
          reached.add(call.req.url ?? '')
        }
        await rig.serve(handler, async (app) => {
          const { client, closed } = await visit(app)
          await client.send(get('/first') + get('/unended') + post('/read') + get('/streaming') + get('/ended'))
          await reached.nth(5)
          client[go]()
          await closed
          await assertEndings(app, {
            '/first': 'aborted client before-commit',
            '/unended': 'aborted client before-commit',
            '/read': 'aborted client before-commit',
            '/streaming': 'aborted client mid-response 200',
            '/ended': 'aborted client unflushed 200',
          })
          for (const { bytes } of app.outcomes) assert.equal(bytes, 0)
        })
      }
    },
  },
  {
    id: 'END-222',
    title: 'MUST abort what is queued behind a reply that closes the connection',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({ '/first': () => {}, '/unended': () => {}, '/ended': ({ reply }) => reply(200, 'second') })
      await rig.serve(handler, async (app) => {
        const { client, closed } = await visit(app)
        await client.send(get('/first') + get('/unended') + get('/ended'))
        await calls.nth(3)
        calls.items[0]?.reply(200, 'hello', { connection: 'close' })
        await client.gone()
        await closed
        assert.match(client.received, /hello$/)
        await assertEndings(app, {
          '/first': 'finished 200',
          '/unended': 'aborted server before-commit',
          '/ended': 'aborted server unflushed 200',
        })
      })
    },
  },
  {
    id: 'END-223',
    title: 'MUST finish 12 pipelined requests that are answered in reverse order, without a warning, each with its own bytes',
    needs: ['http1'],
    run: async (rig) => {
      const urls = Array.from({ length: 12 }, (_, index) => `/${index}`)
      // The first has sent a part before the others arrive.
      const { calls, handler } = byUrl(Object.fromEntries(urls.map((url) => [url, ({ res }) => void (url === '/0' && res.write('part'))])))
      await rig.serve(handler, async (app) => {
        const { client, peer } = await visit(app)
        await client.send(urls.map((url) => get(url)).join(''))
        await calls.nth(12)
        for (const { req, res } of calls.items.toReversed()) res.end('x'.repeat(Number(req.url?.slice(1))))
        await assertEndings(app, Object.fromEntries(urls.map((url) => [url, 'finished 200'])))
        await client.until(/x{11}/)
        const replies = client.received.split(/(?=HTTP\/1\.1 200)/)
        assert.deepEqual(app.outcomes.map(({ bytes }) => bytes), replies.map(({ length }) => length))
        // Nothing is left behind on the connection for each request, nor on the responses.
        await turns()
        const listeners = peer.listenerCount('close')
        await client.request('GET', '/0')
        const { res } = await calls.nth(13)
        res.end()
        await app.outcome(13)
        await turns()
        assert.equal(peer.listenerCount('close'), listeners)
        for (const call of calls.items) assert.equal(call.res.listenerCount('socket'), 0)
        client.reset()
      })
    },
  },
  {
    id: 'END-227',
    title: 'MUST NOT cut off what is queued when a drain asks the client to leave',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({ '/first': () => {}, '/second': () => {}, '/third': () => {} })
      await rig.serve(handler, async (app) => {
        const { client, closed } = await visit(app)
        await client.send(get('/first') + get('/second') + get('/third'))
        await calls.nth(3)
        calls.items[2]?.res.writeHead(200)
        const drained = app.lifecycle.drain()
        for (const { res } of calls.items) res.end('hello')
        await app.outcome(3)
        client.halfClose()
        await closed
        await drained
        assert.equal(client.received.match(/hello/g)?.length, 3)
        assert.doesNotMatch(client.received, /connection: close/i)
      })
    },
  },
  {
    id: 'END-224',
    title: 'MUST deliver what is before a queued response that was destroyed, then close the connection',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({
        '/first': ({ res }) => void res.write('part'),
        '/second': () => {},
        '/third': ({ reply }) => reply(200, 'third'),
      })
      await rig.serve(handler, async (app) => {
        const { client, closed } = await visit(app)
        await client.send(get('/first') + get('/second') + get('/third'))
        const [first, second] = [await calls.nth(1), await calls.nth(2)]
        await calls.nth(3)
        second.res.destroy()
        await new Promise((resolve) => setImmediate(resolve))
        first.res.end('hello')
        await client.gone()
        await closed
        assert.match(client.received, /hello\r\n0\r\n\r\n$/)
        await assertEndings(app, {
          '/first': 'finished 200',
          '/second': 'aborted server before-commit',
          '/third': 'aborted server unflushed 200',
        })
        const byRequest = Object.fromEntries(app.outcomes.map(({ url, bytes }) => [url, bytes]))
        assert.deepEqual(byRequest, { '/first': client.received.length, '/second': 0, '/third': 0 })
      })
    },
  },
  {
    id: 'END-229',
    title: 'MUST NOT commit what is written to a queued response after it was destroyed',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({
        '/first': ({ res }) => void res.write('part'),
        '/second'({ res }) {
          res.destroy()
          res.writeHead(200).end('late')
        },
      })
      await rig.serve(handler, async (app) => {
        const { client, closed } = await visit(app)
        await client.send(get('/first') + get('/second'))
        const first = await calls.nth(1)
        await calls.nth(2)
        first.res.end('hello')
        await client.gone()
        await closed
        assert.match(client.received, /hello\r\n0\r\n\r\n$/)
        await assertEndings(app, { '/first': 'finished 200', '/second': 'aborted server before-commit' })
      })
    },
  },
  {
    id: 'END-225',
    title: 'MUST abort a request that is dispatched on a connection which the one before it has destroyed',
    needs: ['http1'],
    run: async (rig) => {
      let late: unknown
      const handlers: Record<string, CallHandler> = {
        '/first': ({ req }) => void req.socket.destroy(),
        '/second': (call) => {
          late = call.exchange.phase
          call.reply(200, 'hello')
        },
      }
      const { calls, handler } = byUrl(handlers)
      await rig.serve(handler, async (app) => {
        const { client, closed } = await visit(app)
        await client.send(get('/first') + get('/second'))
        await calls.nth(2)
        await client.gone()
        await closed
        assert(late === 'aborted' || late === 'drained', `it was ${String(late)}`)
        await assertEndings(app, { '/first': 'aborted server before-commit', '/second': 'aborted server before-commit' })
      })
    },
  },
  {
    id: 'END-226',
    title: 'MUST abort what is queued behind a response that is destroyed, finished or not',
    needs: ['http1'],
    run: async (rig) => {
      for (const finished of [false, true]) {
        const held = gate()
        const { calls, handler } = byUrl({
          '/first': async ({ res }) => {
            await held.opened
            if (finished) res.end('hello')
            res.destroy(new Error('enough'))
          },
          '/second': () => {},
          // At once, which a reply through a framework need not be.
          '/third': ({ res }) => void res.end('third'),
        })
        await rig.serve(handler, async (app) => {
          const { client, closed } = await visit(app)
          await client.send(get('/first') + get('/second') + get('/third'))
          await calls.nth(3)
          held.open()
          await client.gone()
          await closed
          await assertEndings(app, {
            '/first': finished ? 'finished 200' : 'aborted server before-commit',
            '/second': 'aborted server before-commit',
            '/third': 'aborted server unflushed 200',
          })
        })
      }
    },
  },
  {
    id: 'END-228',
    title: 'MUST close the connection of a response that is destroyed in the turn in which it gets its connection',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({ '/first': () => {}, '/second': () => {}, '/third': ({ reply }) => reply(200, 'third') })
      await rig.serve(handler, async (app) => {
        const { client, closed } = await visit(app)
        await client.send(get('/first') + get('/second') + get('/third'))
        const [first, second] = [await calls.nth(1), await calls.nth(2)]
        await calls.nth(3)
        first.res.end('hello')
        second.res.destroy()
        await client.gone()
        await closed
        await assertEndings(app, {
          '/first': 'finished 200',
          '/second': 'aborted server before-commit',
          '/third': 'aborted server unflushed 200',
        })
      })
    },
  },
]
