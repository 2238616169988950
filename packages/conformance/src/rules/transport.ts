import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { RawClient } from '../client.js'
import type { Rule } from '../rule.js'
import { SlowTransport } from '../transport.js'
import { assertEndings, byUrl, ending, hugeBody, turns } from './ending.js'

const request = (url: string) => `GET ${url} HTTP/1.1\r\nHost: afterword.test\r\n\r\n`

/** Connections that are not sockets of the operating system: `server.emit('connection', duplex)`. */
export const transportRules: readonly Rule[] = [
  {
    id: 'END-241',
    title: 'MUST finish a response when its connection has accepted the last write, and not before',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({
        '/small': ({ reply }) => reply(200, 'hello'),
        '/parts': ({ res }) => {
          for (const part of ['one', 'two', 'three']) res.write(part)
          res.end('last')
        },
        '/corked': ({ req, res }) => {
          // With a length: Node 22 and 24 end a chunked response that is corked before its last chunk.
          res.setHeader('content-length', 7)
          req.socket.cork()
          res.cork()
          res.write('one')
          res.end('last')
        },
      })
      await rig.serve(handler, async (app) => {
        const told: string[] = []
        for (const urls of [['/small'], ['/parts'], ['/corked'], ['/small', '/parts', '/small']]) {
          const transport = new SlowTransport()
          app.server.emit('connection', transport)
          transport.push(urls.map(request).join(''))
          await calls.nth(told.length + urls.length)
          let accepted = 0
          let sent = ''
          for (const url of urls) {
            // Whatever was accepted of it, a response is not finished until the rest is, too.
            while (app.outcomes.length === told.length) {
              const { bytes, settle } = await transport.writes.nth(++accepted)
              assert.equal(app.outcomes.length, told.length, 'told before the write was accepted')
              sent += bytes
              settle()
              await turns()
            }
            told.push(`${url} finished 200`)
            assert.match(sent, { '/small': /hello$/, '/parts': /last\r\n0\r\n\r\n$/ }[url] ?? /last/)
          }
          assert.deepEqual(app.outcomes.map((outcome) => `${outcome.url} ${ending(outcome)}`), told)
          transport.destroy()
        }
      })
    },
  },
  {
    id: 'END-242',
    title: 'MUST tell a connection that broke from one that the server destroyed',
    needs: ['http1'],
    run: async (rig) => {
      const reasons = { ECONNRESET: 'client', EPIPE: 'client', ETIMEDOUT: 'client', ECONNABORTED: 'client', EIO: 'server' }
      const handlers = Object.keys(reasons).map((code) => [`/${code}`, () => {}])
      const { calls, handler } = byUrl(Object.fromEntries(handlers))
      await rig.serve(handler, async (app) => {
        for (const [index, code] of Object.keys(reasons).entries()) {
          const transport = new SlowTransport()
          app.server.emit('connection', transport)
          transport.push(request(`/${code}`))
          await calls.nth(index + 1)
          transport.destroy(Object.assign(new Error(code), { code }))
          await app.outcome(index + 1)
        }
        const endings = Object.entries(reasons).map(([code, reason]) => [`/${code}`, `aborted ${reason} before-commit`])
        await assertEndings(app, Object.fromEntries(endings))
      })
    },
  },
  {
    id: 'END-243',
    title: 'MUST NOT call a response finished whose last write was refused at once',
    needs: ['http1'],
    run: async (rig) => {
      const { handler } = byUrl({ '/': ({ reply }) => reply(200, 'hello') })
      await rig.serve(handler, async (app) => {
        const transport = new SlowTransport()
        transport._write = (_chunk: Buffer, _encoding: string, settle: (error: Error) => void) => {
          settle(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
        }
        app.server.emit('connection', transport)
        transport.push(request('/'))
        await assertEndings(app, { '/': 'aborted client unflushed 200' })
      })
    },
  },
  {
    id: 'END-244',
    title: 'MUST tell over TLS, too, what was flushed from what was only encrypted',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({
        '/small': ({ reply }) => reply(200, 'hello', { connection: 'close' }),
        '/read': ({ reply }) => reply(200, hugeBody, { connection: 'close' }),
        '/left': ({ reply }) => reply(200, hugeBody),
        '/destroyed': ({ res }) => void res.end(hugeBody),
      })
      await rig.serve(handler, async (app) => {
        // A shared key: no certificate that could expire.
        const psk = Buffer.alloc(32, 'key')
        const secure = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2', allowHalfOpen: true } as const
        const server = createServer({ ...secure, pskCallback: () => psk, pskIdentityHint: '' })
        server.on('secureConnection', (socket) => app.server.emit('connection', socket))
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
        const { port } = server.address() as AddressInfo
        for (const [index, url] of ['/small', '/read', '/left', '/destroyed'].entries()) {
          const accepted = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve))
          const pskCallback = () => ({ psk, identity: 'client' })
          const options = { ...secure, port, host: '127.0.0.1', pskCallback, checkServerIdentity: () => undefined }
          const client = new RawClient(port, connect(options))
          const peer = await accepted
          const closed = new Promise((resolve) => peer.once('close', resolve))
          client.stall()
          await client.request('GET', url)
          await calls.nth(index + 1)
          if (url === '/left') client.leave()
          else if (url === '/destroyed') peer.destroy()
          else await client.gone()
          await closed
          client.leave()
        }
        server.close()
        await assertEndings(app, {
          '/small': 'finished 200',
          '/read': 'finished 200',
          '/left': 'aborted client unflushed 200',
          '/destroyed': 'aborted server unflushed 200',
        })
      })
    },
  },
]
