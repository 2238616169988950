import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { createLifecycle } from '@afterword/adapter-node'
import { certificate } from '../certificate.js'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import { listen } from '../probe.js'
import type { App } from '../rig.js'
import type { Rule } from '../rule.js'

const never = 600_000
const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n'

/** Opens a connection, and waits until the server has read what it says. */
async function open({ server, port }: Pick<App, 'server' | 'port'>, said: string): Promise<RawClient> {
  const connected = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const client = new RawClient(port)
  if (said !== '') await client.send(said)
  const socket = await connected
  while (socket.bytesRead < said.length) await new Promise((resolve) => setImmediate(resolve))
  return client
}

/** Opens a connection that the server takes out of HTTP, and waits until it has. */
async function upgrade(app: App, method = 'GET'): Promise<{ client: RawClient; socket: Duplex }> {
  const taken = new Promise<Duplex>((resolve) => {
    app.server.once(method === 'CONNECT' ? 'connect' : 'upgrade', (_req: unknown, socket: Duplex) => {
      socket.on('error', () => {})
      socket.write(switching)
      resolve(socket)
    })
  })
  const client = new RawClient(app.port)
  await client.request(method, method === 'CONNECT' ? 'afterword.test:80' : '/', ['Connection: upgrade', 'Upgrade: echo'])
  await client.until(/101/)
  return { client, socket: await taken }
}

/** What becomes of connections that carry no exchange. */
export const drainSocketsRules: readonly Rule[] = [
  {
    id: 'DRN-120',
    title: 'MUST close connections that have said nothing when the server stops, without waiting for a deadline',
    needs: ['http1'],
    run: async (rig) => {
      const reached = gate()
      const answer = gate()
      await rig.serve(
        async ({ reply }) => {
          reached.open()
          await answer.opened
          reply(200, 'hello')
        },
        async (app) => {
          const asked = app.ask()
          await reached.opened
          const silent = await open(app, '')
          const draining = app.lifecycle.drain({ server: app.server, timeout: never })
          await silent.gone()
          answer.open()
          assert.equal((await asked).status, 200)
          assert.equal((await draining).clean, true)
        },
      )
    },
  },
  {
    id: 'DRN-121',
    title: 'MUST not wait longer than to the soft deadline for requests that have not come to their head',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(
        ({ reply }) => reply(200, 'hello'),
        async (app) => {
          const half = await open(app, 'GET / HTTP/1.1\r\nHost: ')
          const { clean, phases } = await app.lifecycle.drain({ server: app.server, softTimeout: 20, timeout: never })
          await half.gone()
          assert.equal(clean, true)
          assert.equal(phases.cut, 0)
        },
      )
    },
  },
  {
    id: 'DRN-122',
    title: 'MUST not cut a connection with an exchange at the soft deadline, nor one whose request comes while others are in flight',
    needs: ['http1'],
    run: async (rig) => {
      const reached = gate()
      const hurried = gate()
      let half!: RawClient
      await rig.serve(
        async ({ req, exchange, reply }) => {
          if (req.url === '/slow') {
            exchange.signal.addEventListener('abort', () => hurried.open())
            reached.open()
            await hurried.opened
            // The connections without an exchange have been looked at since.
            for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve))
            await half.send('a\r\n\r\n')
            await half.until(/reply to \/half\./)
          }
          reply(200, `reply to ${req.url}.`)
        },
        async (app) => {
          half = await open(app, 'GET /half HTTP/1.1\r\nHost: ')
          const slow = new RawClient(app.port)
          await slow.request('GET', '/slow')
          await reached.opened
          const draining = app.lifecycle.drain({ server: app.server, softTimeout: 20, timeout: never })
          await slow.until(/reply to \/slow\./)
          await Promise.all([slow.gone(), half.gone()])
          assert.equal((await draining).clean, true)
        },
        { server: { return503OnClosing: false } },
      )
    },
  },
  {
    id: 'DRN-123',
    title: 'MUST wait for upgraded connections, past the soft deadline, until the application closes them',
    needs: ['http1'],
    run: async (rig) => {
      const hurried = gate()
      await rig.serve(
        ({ exchange, reply }) => {
          exchange.after(async (_outcome, { signal }) => {
            await once(signal, 'abort')
            hurried.open()
          })
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          const { client, socket } = await upgrade(app)
          const draining = app.lifecycle.drain({ server: app.server, softTimeout: 1, timeout: never })
          await hurried.opened
          // The drain looks again once the task has settled.
          await app.lifecycle.idle()
          for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
          assert.equal(app.lifecycle.state, 'draining')
          socket.write('still here')
          await client.until(/still here/)
          socket.end()
          await client.gone()
          const { clean, connections } = await draining
          assert.deepEqual([clean, connections.severed], [true, 0])
        },
      )
    },
  },
  {
    id: 'DRN-124',
    title: 'MUST destroy upgraded connections at the soft deadline when told to, and leave those with an exchange',
    needs: ['http1'],
    run: async (rig) => {
      const reached = gate()
      const answer = gate()
      await rig.serve(
        async ({ reply }) => {
          reached.open()
          await answer.opened
          reply(200, 'hello')
        },
        async (app) => {
          const { client } = await upgrade(app)
          const tunnel = await upgrade(app, 'CONNECT')
          const asked = app.ask()
          await reached.opened
          const draining = app.lifecycle.drain({ server: app.server, softTimeout: 1, timeout: never, upgraded: 'destroy' })
          await Promise.all([client.gone(), tunnel.client.gone()])
          answer.open()
          assert.equal((await asked).status, 200)
          const { clean, phases } = await draining
          assert.deepEqual([clean, phases.cut], [true, 0])
        },
      )
    },
  },
  {
    id: 'DRN-125',
    title: 'MUST destroy upgraded connections at the hard deadline, and count them',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(
        ({ reply }) => reply(200, 'hello'),
        async (app) => {
          const { client } = await upgrade(app)
          const tunnel = await upgrade(app, 'CONNECT')
          const { clean, connections } = await app.lifecycle.drain({ server: app.server, timeout: 20 })
          await Promise.all([client.gone(), tunnel.client.gone()])
          assert.deepEqual([clean, connections.severed], [true, 2])
        },
      )
    },
  },
  {
    id: 'DRN-126',
    title: 'MUST not wait longer than to the soft deadline for HTTP/2 sessions that never made a request, although it has not seen them begin',
    needs: ['http2'],
    run: async () => {
      const lifecycle = createLifecycle()
      const server = createHttp2Server(lifecycle.listener((_req, res) => res.end('hello')) as never)
      await listen(server as unknown as HttpServer)
      const begun = new Promise((resolve) => server.once('session', resolve))
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').resume()
      socket.on('error', () => {})
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
      await begun
      const { clean, phases } = await lifecycle.drain({ server, softTimeout: 20, timeout: never })
      await closed
      assert.deepEqual([clean, phases.cut], [true, 0])
    },
  },
  {
    id: 'DRN-127',
    title: 'MUST close silent connections to a TLS server at once, before and after their handshake at the latest at the soft deadline',
    needs: ['node'],
    run: async () => {
      for (const handshake of [false, true]) {
        const lifecycle = createLifecycle()
        const server = createHttpsServer(certificate, lifecycle.listener((_req, res) => res.end('hello')))
        await listen(server as unknown as HttpServer)
        const { port } = server.address() as AddressInfo
        const accepted = new Promise((resolve) => server.once(handshake ? 'secureConnection' : 'connection', resolve))
        const socket = handshake ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }) : connect(port, '127.0.0.1')
        socket.on('error', () => {})
        const closed = new Promise((resolve) => socket.resume().once('close', resolve))
        await accepted
        const { clean, phases } = await lifecycle.drain({ server, softTimeout: handshake ? 20 : never, timeout: never })
        await closed
        assert.deepEqual([clean, phases.cut], [true, 0])
      }
    },
  },
  {
    id: 'DRN-128',
    title: 'MUST deliver every byte of an unflushed response although somebody calls `server.close()` during the drain',
    needs: ['http1'],
    run: async (rig) => {
      const big = Buffer.alloc(48 * 1024 * 1024, 'x')
      const ended = gate()
      await rig.serve(
        ({ res }) => {
          res.setHeader('content-length', big.length)
          res.end(big)
          ended.open()
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          client.stall()
          await ended.opened
          const draining = app.lifecycle.drain({ server: app.server })
          app.server.close()
          await new Promise((resolve) => setImmediate(resolve))
          client.resume()
          await client.gone()
          assert.equal(client.received.length - client.received.indexOf('\r\n\r\n') - 4, big.length)
          assert.equal((await draining).clean, true)
          assert.equal(Object.hasOwn(app.server, 'closeIdleConnections'), false)
        },
      )
    },
  },
]
