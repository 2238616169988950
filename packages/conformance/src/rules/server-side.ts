import assert from 'node:assert/strict'
import { once } from 'node:events'
import { ServerResponse } from 'node:http'
import type { Call } from '../rig.js'
import { Latch } from '../latch.js'
import type { Rule } from '../rule.js'
import { assertEndings, byUrl, hugeBody, visit } from './ending.js'
import { protocolRules } from './protocol.js'
import { takeoverRules } from './takeover.js'
import { timeoutRules } from './timeouts.js'

/** Every way in which an application can destroy what it should reply to. */
const destroy: Readonly<Record<string, (call: Call) => void>> = {
  '/res': ({ res }) => void res.destroy(),
  '/res-error': ({ res }) => void res.destroy(new Error('enough')),
  '/req': ({ req }) => void req.destroy(),
  '/req-error': ({ req }) => void req.destroy(new Error('enough')),
  '/socket': ({ req }) => void req.socket.destroy(),
  '/socket-error': ({ req }) => void req.socket.destroy(new Error('enough')),
  '/reset': ({ req }) => void req.socket.resetAndDestroy(),
}

/** A rule that every one of these ways ends in the same way, at some point of the response. */
function destroyed(id: string, title: string, expected: string, handle: (call: Call, destroy: () => void) => unknown): Rule {
  const handler = (call: Call) => handle(call, () => destroy[call.req.url as string]?.(call))
  return {
    id,
    title: `MUST ${title}`,
    needs: ['http1'],
    run: (rig) =>
      rig.serve(handler, async (app) => {
        const urls = Object.keys(destroy)
        for (const url of urls) {
          const { client, closed } = await visit(app)
          client.stall()
          await client.request('GET', url)
          await closed
          client.leave()
        }
        await assertEndings(app, Object.fromEntries(urls.map((url) => [url, expected])))
      }),
  }
}

const destroyRules: readonly Rule[] = [
  destroyed('END-301', 'abort what is destroyed before its head', 'aborted server before-commit', (_call, go) => go()),
  destroyed('END-302', 'abort what is destroyed after its head', 'aborted server mid-response 200', ({ res }, go) => {
    res.write('part')
    go()
  }),
  destroyed('END-303', 'abort what is destroyed after its end, but unflushed', 'aborted server unflushed 200', ({ res }, go) => {
    res.end(hugeBody)
    go()
  }),
  destroyed('END-304', 'call finished what was flushed at once and is destroyed in the same tick', 'finished 200', ({ res }, go) => {
    res.end('x')
    go()
  }),
  destroyed('END-305', 'leave finished what is destroyed afterwards', 'finished 200', async ({ req, res }, go) => {
    res.end('x')
    await once(res, 'finish')
    go()
    // The response no longer has the connection.
    req.socket.destroy()
  }),
  destroyed('END-306', 'neither commit nor finish what is ended after it was destroyed', 'aborted server before-commit', ({ res }, go) => {
    go()
    res.end('x')
  }),
]

/** What an upstream connection breaks with. */
const reset = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' })

const connectionRules: readonly Rule[] = [
  {
    id: 'END-311',
    title: 'MUST abort once what the server closes with all of its connections, whatever it was doing',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({
        '/pending': () => {},
        '/part': ({ res }) => void res.write('part'),
        '/unflushed': ({ res }) => void res.end(hugeBody),
        '/queued': () => {},
      })
      await rig.serve(handler, async (app) => {
        const visits = [await visit(app), await visit(app), await visit(app)]
        for (const [index, url] of ['/pending', '/part', '/unflushed'].entries()) {
          visits[index]?.client.stall()
          await visits[index]?.client.request('GET', url)
        }
        await visits[0]?.client.request('GET', '/queued')
        await calls.nth(4)
        app.server.closeAllConnections()
        for (const { client, closed } of visits) {
          await closed
          client.leave()
        }
        await assertEndings(app, {
          '/pending': 'aborted server before-commit',
          '/queued': 'aborted server before-commit',
          '/part': 'aborted server mid-response 200',
          '/unflushed': 'aborted server unflushed 200',
        })
      })
    },
  },
  {
    id: 'END-312',
    title: 'MUST NOT call a response finished that Node cuts off with the idle connections',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({ '/': ({ res }) => void res.end(hugeBody) })
      await rig.serve(handler, async (app) => {
        const { client, closed } = await visit(app)
        client.stall()
        await client.request('GET', '/')
        await calls.nth(1)
        // Node counts a connection as idle once the response has ended, flushed or not.
        app.server.closeIdleConnections()
        await closed
        client.leave()
        await assertEndings(app, { '/': 'aborted server unflushed 200' })
      })
    },
  },
  {
    id: 'END-313',
    title: 'MUST blame the server, not the client, when an upstream connection that was reset ends the response',
    needs: ['http1'],
    run: async (rig) => {
      const { handler } = byUrl({ '/res': ({ res }) => void res.destroy(reset()), '/req': ({ req }) => void req.destroy(reset()) })
      await rig.serve(handler, async (app) => {
        for (const url of ['/res', '/req']) {
          const { client, closed } = await visit(app)
          await client.request('GET', url)
          await closed
          client.leave()
        }
        await assertEndings(app, { '/res': 'aborted server before-commit', '/req': 'aborted server before-commit' })
      })
    },
  },
  {
    id: 'END-314',
    title: 'MUST end once when the application writes after the end, and leave the error to the application',
    needs: ['http1'],
    run: async (rig) => {
      const errors = new Latch<Error & { code?: string }>()
      const handler = ({ res }: Call) => {
        res.on('error', (error) => errors.add(error))
        res.end('hello')
        res.write('more')
        res.end('most')
      }
      await rig.serve(handler, async (app) => {
        assert.equal((await app.ask()).body, 'hello')
        await errors.nth(2)
        for (const { code } of errors.items) assert.equal(code, 'ERR_STREAM_WRITE_AFTER_END')
        await assertEndings(app, { '/': 'finished 200' })
      })
    },
  },
  {
    id: 'END-315',
    title: 'MUST tell the status of a response whose `writeHead` the application replaced, finished or aborted',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(replaceWriteHead, async (app) => {
        for (const url of ['/finished', '/aborted']) {
          const { client, closed } = await visit(app)
          await client.request('GET', url, ['Connection: close'])
          await client.gone()
          await closed
        }
        await assertEndings(app, { '/finished': 'finished 202', '/aborted': 'aborted server mid-response 202' })
      })
    },
  },
]

/** As some instrumentation does. */
function replaceWriteHead({ req, res }: Call): void {
  res.writeHead = ServerResponse.prototype.writeHead
  res.statusCode = 202
  if (req.url === '/finished') res.end('hello')
  else {
    res.write('part')
    res.destroy()
  }
}

export const serverSideRules: readonly Rule[] = [...destroyRules, ...connectionRules, ...timeoutRules, ...protocolRules, ...takeoverRules]
