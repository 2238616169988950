import assert from 'node:assert/strict'
import { Latch } from '../latch.js'
import type { Call } from '../rig.js'
import type { Rule } from '../rule.js'
import { assertEndings, byUrl, ending, hugeBody, onlyRead, visit } from './ending.js'

/** Limits of Node's own, as `createServer` and Fastify take them: short, but long enough for a machine that is busy. */
const limits = { headersTimeout: 1000, requestTimeout: 1200, connectionsCheckingInterval: 50 }
const impatient = { ...limits, http: limits }

const head = (method: string, url: string, ...fields: string[]) =>
  [`${method} ${url} HTTP/1.1`, 'Host: afterword.test', ...fields, '', ''].join('\r\n')

/** Ends that only a clock brings. */
export const timeoutRules: readonly Rule[] = [
  {
    id: 'END-321',
    title: 'MUST abort as a timeout when the upload is too slow for the server, whose 408 still goes out',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(
        onlyRead,
        async (app) => {
          const { client, closed } = await visit(app)
          await client.send(`${head('POST', '/', 'Content-Length: 10')}part`)
          await client.gone()
          await closed
          assert.match(client.received, /^HTTP\/1\.1 408 /)
          await assertEndings(app, { '/': 'aborted timeout before-commit' })
        },
        { server: impatient },
      )
    },
  },
  {
    id: 'END-322',
    title: 'MUST leave finished what was answered before the upload took too long',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(
        ({ res }) => void res.end('early'),
        async (app) => {
          const { client, closed } = await visit(app)
          await client.send(`${head('POST', '/', 'Content-Length: 10')}part`)
          await client.gone()
          await closed
          assert.match(client.received, /early/)
          await assertEndings(app, { '/': 'finished 200' })
        },
        { server: impatient },
      )
    },
  },
  {
    id: 'END-323',
    title: 'MUST leave it to `server.setTimeout` to destroy a connection that waits for its handler, or its reader',
    needs: ['http1'],
    run: async (rig) => {
      const { handler } = byUrl({ '/silent': () => {}, '/unflushed': ({ res }) => void res.end(hugeBody) })
      await rig.serve(handler, async (app) => {
        app.server.setTimeout(600)
        for (const url of ['/silent', '/unflushed']) {
          const { client, closed } = await visit(app)
          client.stall()
          await client.request('GET', url)
          await closed
          client.leave()
        }
        await assertEndings(app, { '/silent': 'aborted server before-commit', '/unflushed': 'aborted server unflushed 200' })
      })
    },
  },
  {
    id: 'END-324',
    title: 'MUST NOT begin an exchange for a head that never arrives whole, nor for an idle connection',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(
        ({ reply }) => reply(200, 'hello'),
        async (app) => {
          app.server.keepAliveTimeout = 50
          const slow = await visit(app)
          await slow.client.send('GET /never HTTP/1.1\r\nHost: afterword.test\r\nX-')
          const idle = await visit(app)
          await idle.client.request('GET', '/')
          for (const { client, closed } of [slow, idle]) {
            await client.gone()
            await closed
          }
          assert.match(slow.client.received, /^HTTP\/1\.1 408 /)
          await assertEndings(app, { '/': 'finished 200' })
        },
        { server: impatient },
      )
    },
  },
  {
    id: 'END-325',
    title: 'MUST end what never ends by itself at `exchangeTimeout`, and destroy its connection',
    needs: ['http1'],
    run: async (rig) => {
      const { handler } = byUrl({
        '/silent': () => {},
        '/part': ({ res }) => void res.write('part'),
        '/unflushed': ({ res }) => void res.end(hugeBody),
      })
      await rig.serve(
        handler,
        async (app) => {
          for (const url of ['/silent', '/part', '/unflushed']) {
            const { client, closed } = await visit(app)
            client.stall()
            await client.request('GET', url)
            await closed
            client.leave()
          }
          await assertEndings(app, {
            '/silent': 'aborted deadline before-commit',
            '/part': 'aborted deadline mid-response 200',
            '/unflushed': 'aborted deadline unflushed 200',
          })
        },
        { exchangeTimeout: 100 },
      )
    },
  },
  {
    id: 'END-326',
    title: 'MUST end what is queued on a pipelined connection at `exchangeTimeout`, and destroy the connection',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(
        () => {},
        async (app) => {
          const { client, closed } = await visit(app)
          await client.send(head('GET', '/first') + head('GET', '/second'))
          await client.gone()
          await closed
          await app.outcome(2)
          // The second came a moment later, so the connection may go before its own deadline.
          assert.match(app.outcomes.map((outcome) => `${outcome.url} ${ending(outcome)}`).join('\n'), new RegExp(
            '^/first aborted deadline before-commit\n/second aborted (deadline|server) before-commit$',
          ))
        },
        { exchangeTimeout: 100 },
      )
    },
  },
  {
    id: 'END-327',
    title: 'MUST close the connection in its turn when only what is queued on it has run out of time',
    needs: ['http1', 'before'],
    run: async (rig) => {
      const arrived = new Latch<Call['res']>()
      // The first does not go through the mount, so it has no deadline.
      const before = ({ url }: Call['req'], res: Call['res']) => {
        arrived.add(res)
        return url !== '/first'
      }
      await rig.serve(
        () => {},
        async (app) => {
          const { client, closed } = await visit(app)
          await client.send(head('GET', '/first') + head('GET', '/second'))
          const first = await arrived.nth(1)
          await app.outcome(1)
          first.end('hello')
          await client.gone()
          await closed
          assert.match(client.received, /hello$/)
          await assertEndings(app, { '/second': 'aborted deadline before-commit' })
        },
        { exchangeTimeout: 100, before },
      )
    },
  },
]
