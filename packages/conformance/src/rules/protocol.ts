import assert from 'node:assert/strict'
import { ServerResponse, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { NodeLifecycle } from '@afterword/adapter-node'
import { Latch } from '../latch.js'
import type { Rule } from '../rule.js'
import { assertEndings, onlyRead, visit } from './ending.js'

const get = (url: string) => `GET ${url} HTTP/1.1\r\nHost: afterword.test\r\n\r\n`
const upgrade = (url: string) => `GET ${url} HTTP/1.1\r\nHost: afterword.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`
const tunnel = 'CONNECT elsewhere.test:443 HTTP/1.1\r\nHost: elsewhere.test:443\r\n\r\n'

/** Connections that stop speaking HTTP, or never did. */
export const protocolRules: readonly Rule[] = [
  {
    id: 'END-331',
    title: 'MUST abort what is pending when the bytes behind it are not HTTP, and what has a broken body',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(onlyRead, async (app) => {
        for (const [url, bytes] of [
          ['/pending', `${get('/pending')}garbage\r\n\r\n`],
          ['/body', 'POST /body HTTP/1.1\r\nHost: afterword.test\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n'],
        ] as const) {
          const { client, closed } = await visit(app)
          await client.send(bytes)
          await client.gone()
          await closed
          assert.match(client.received, /^HTTP\/1\.1 400 /, url)
        }
        await assertEndings(app, { '/pending': 'aborted parse-error before-commit', '/body': 'aborted parse-error before-commit' })
      })
    },
  },
  {
    id: 'END-332',
    title: 'MUST abort once whatever a listener for client errors does: reply and close, or nothing until the deadline',
    needs: ['http1'],
    run: async (rig) => {
      for (const ignores of [false, true]) {
        await rig.serve(
          () => {},
          async (app) => {
            app.server.removeAllListeners('clientError')
            app.server.on('clientError', (_error, socket) => {
              if (!ignores) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n', () => socket.destroy())
            })
            const { client, closed } = await visit(app)
            await client.send(`${get('/')}garbage\r\n\r\n`)
            await closed
            await client.gone()
            assert.equal(client.received.startsWith('HTTP/1.1 400 '), !ignores)
            await assertEndings(app, { '/': `aborted ${ignores ? 'deadline' : 'server'} before-commit` })
          },
          ignores ? { exchangeTimeout: 100 } : {},
        )
      }
    },
  },
  {
    id: 'END-333',
    title: 'MUST NOT begin an exchange for an Upgrade or a CONNECT that a listener takes',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(
        ({ reply }) => reply(200, 'hello'),
        async (app) => {
          const taken = new Latch<string>()
          for (const event of ['upgrade', 'connect']) {
            app.server.on(event, (_req: IncomingMessage, socket: Socket) => {
              taken.add(event)
              socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')
            })
          }
          for (const bytes of [upgrade('/'), tunnel]) {
            const { client, closed } = await visit(app)
            await client.send(bytes)
            await client.gone()
            await closed
          }
          assert.deepEqual(taken.items, ['upgrade', 'connect'])
          await app.ask('/last')
          await assertEndings(app, { '/last': 'finished 200' })
        },
      )
    },
  },
  {
    id: 'END-334',
    title: 'MUST treat an Upgrade that nobody takes as the request it is, and a CONNECT as none',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(
        ({ reply }) => reply(200, 'hello', { connection: 'close' }),
        async (app) => {
          for (const bytes of [upgrade('/upgrade'), tunnel]) {
            const { client, closed } = await visit(app)
            await client.send(bytes)
            await client.gone()
            await closed
            assert.match(client.received, bytes === tunnel ? /^$/ : /hello$/)
          }
          await assertEndings(app, { '/upgrade': 'finished 200' })
        },
      )
    },
  },
  {
    id: 'END-335',
    title: 'MUST end requests pipelined ahead of an Upgrade at the deadline: the connection no longer tells',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(
        () => {},
        async (app) => {
          const taken = new Latch<Socket>()
          app.server.on('upgrade', (_req, socket: Socket) => taken.add(socket))
          const { client, closed } = await visit(app)
          await client.send(get('/first') + upgrade('/upgrade'))
          await taken.nth(1)
          client.halfClose()
          await closed
          await assertEndings(app, { '/first': 'aborted deadline before-commit' })
          client.leave()
        },
        { exchangeTimeout: 100 },
      )
    },
  },
  {
    id: 'END-336',
    title: 'MUST end a response that the application made by hand, finished or aborted',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(
        () => {},
        async (app) => {
          const made = new Latch<ServerResponse>()
          app.server.on('upgrade', (req: IncomingMessage, socket: Socket) => {
            socket.on('error', () => {})
            const res = new ServerResponse(req)
            res.assignSocket(socket)
            ;(app.lifecycle as unknown as NodeLifecycle).exchange(req, res)
            if (req.url === '/finished') res.end('no')
            made.add(res)
          })
          for (const [index, url] of ['/finished', '/aborted'].entries()) {
            const { client, closed } = await visit(app)
            await client.send(upgrade(url))
            await made.nth(index + 1)
            if (url === '/finished') await client.until(/no$/)
            client.reset()
            await closed
          }
          await assertEndings(app, { '/finished': 'finished 200', '/aborted': 'aborted client before-commit' })
        },
      )
    },
  },
]
