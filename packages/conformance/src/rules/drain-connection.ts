import assert from 'node:assert/strict'
import type { Server } from 'node:http'
import { connect, createServer } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { createLifecycle } from '@afterword/adapter-node'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import { listen } from '../probe.js'
import type { App, Rig } from '../rig.js'
import type { Rule } from '../rule.js'

const big = Buffer.alloc(48 * 1024 * 1024, 'x')

/** Reads a big response slowly while the drain begins: right after `res.end()`, or later. */
async function readsAll(rig: Rig, startInHandler: boolean): Promise<void> {
  const ended = gate()
  let start: (() => void) | undefined
  await rig.serve(
    ({ res }) => {
      res.setHeader('content-length', big.length)
      res.end(big)
      if (startInHandler) start?.()
      ended.open()
    },
    async (app) => {
      let draining: ReturnType<typeof app.lifecycle.drain> | undefined
      start = () => (draining = app.lifecycle.drain({ server: app.server }))
      const client = new RawClient(app.port)
      await client.request('GET', '/')
      client.stall()
      await ended.opened
      // What fits into the buffers between the two has been sent by now; most has not.
      await new Promise((resolve) => setImmediate(resolve))
      if (!startInHandler) start?.()
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(app.outcomes.length, 0)
      client.resume()
      await client.gone()
      const head = client.received.indexOf('\r\n\r\n') + 4
      assert.equal(client.received.length - head, big.length)
      const report = await draining
      assert.equal(report?.clean, true)
      assert.equal(app.outcomes[0]?.kind, 'finished')
    },
  )
}

/** Sends the beginning of a request, and waits until the server has read it: Node 26 closes connections that said nothing. */
async function halfSend({ server, port }: App): Promise<RawClient> {
  const connected = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const client = new RawClient(port)
  await client.send('GET / HTTP/1.1\r\nHost: ')
  const socket = await connected
  while (socket.bytesRead === 0) await new Promise((resolve) => setImmediate(resolve))
  return client
}

/** What becomes of the connections of a server that drains. */
export const drainConnectionRules: readonly Rule[] = [
  {
    id: 'DRN-005',
    title: 'MUST wait for the connections of a server that was closed before the drain',
    needs: ['http1', 'node', 'error-page'],
    run: async (rig) => {
      const order: string[] = []
      await rig.serve(
        ({ reply }) => {
          order.push('served')
          reply(200, 'hello')
        },
        async (app) => {
          const client = await halfSend(app)
          app.server.close()
          const draining = app.lifecycle.drain({ server: app.server }).then(({ clean }) => order.push(`drained ${clean}`))
          for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve))
          await client.send('a\r\n\r\n')
          await client.until(/hello/)
          await client.gone()
          await draining
          assert.deepEqual(order, ['served', 'drained true'])
        },
      )
    },
  },
  {
    id: 'DRN-010',
    title: 'MUST serve a new request on an open connection during the drain, and ask its client not to come back',
    needs: ['http1'],
    run: async (rig) => {
      const reached = gate()
      const answer = gate()
      await rig.serve(
        async ({ req, reply }) => {
          if (req.url === '/slow') {
            reached.open()
            await answer.opened
          }
          reply(200, `reply to ${req.url}.`)
        },
        async (app) => {
          const keptAlive = new RawClient(app.port)
          await keptAlive.request('GET', '/first')
          await keptAlive.until(/reply to \/first\./)
          assert.doesNotMatch(keptAlive.received, /connection: close/i)
          const slow = new RawClient(app.port)
          await slow.request('GET', '/slow')
          await reached.opened
          const draining = app.lifecycle.drain({ server: app.server })
          await keptAlive.request('GET', '/second')
          const received = await keptAlive.until(/reply to \/second\./)
          assert.match(received, /connection: close/i)
          await keptAlive.gone()
          answer.open()
          assert.match(await slow.until(/reply to \/slow\./), /connection: close/i)
          await slow.gone()
          assert.equal((await draining).clean, true)
        },
        // Fastify answers such a request by itself otherwise.
        { server: { return503OnClosing: false } },
      )
    },
  },
  {
    id: 'DRN-011',
    title: 'MUST close idle connections, those too that become idle during the drain',
    needs: ['http1'],
    run: async (rig) => {
      const reached = gate()
      const answer = gate()
      await rig.serve(
        async ({ req, res }) => {
          // The head is out before the drain begins, so it does not ask the client to leave.
          res.writeHead(200)
          res.write('the beginning, ')
          if (req.url === '/slow') {
            reached.open()
            await answer.opened
          }
          res.end('the end')
        },
        async (app) => {
          const idle = new RawClient(app.port)
          await idle.request('GET', '/')
          await idle.until(/the end\r\n0\r\n\r\n/)
          const slow = new RawClient(app.port)
          await slow.request('GET', '/slow')
          await reached.opened
          // Longer than any test waits: only the drain closes these two.
          app.server.keepAliveTimeout = 600_000
          const draining = app.lifecycle.drain({ server: app.server, timeout: 600_000 })
          answer.open()
          await slow.until(/the end\r\n0\r\n\r\n/)
          await Promise.all([idle.gone(), slow.gone()])
          assert.equal((await draining).clean, true)
        },
        { server: { keepAliveTimeout: 600_000 } },
      )
    },
  },
  {
    id: 'DRN-012',
    title: 'MUST deliver every byte of a response that had ended, unflushed, when the drain began',
    needs: ['http1'],
    run: (rig) => readsAll(rig, false),
  },
  {
    id: 'DRN-013',
    title: 'MUST deliver every byte of a response when the drain begins right after its end',
    needs: ['http1'],
    run: (rig) => readsAll(rig, true),
  },
  {
    id: 'DRN-014',
    title: 'MUST serve a request that was half sent when the drain began',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(
        ({ reply }) => reply(200, 'hello'),
        async (app) => {
          const client = await halfSend(app)
          const draining = app.lifecycle.drain({ server: app.server })
          await client.send('a\r\n\r\n')
          assert.match(await client.until(/hello/), /connection: close/i)
          await client.gone()
          assert.equal((await draining).clean, true)
        },
        { server: { return503OnClosing: false } },
      )
    },
  },
  {
    id: 'DRN-015',
    title: 'MUST sever a connection whose request never comes, at the hard deadline',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(
        ({ reply }) => reply(200, 'hello'),
        async (app) => {
          const client = await halfSend(app)
          const { clean } = await app.lifecycle.drain({ server: app.server, timeout: 50 })
          await client.gone()
          assert.equal(clean, true, 'there was no exchange and no task to lose')
        },
      )
    },
  },
  {
    id: 'DRN-016',
    title: 'MUST send GOAWAY, complete open streams, and close idle sessions',
    needs: ['http2'],
    run: async (rig) => {
      const reached = gate()
      const answer = gate()
      await rig.serve(
        async ({ req, reply }) => {
          if (req.url === '/slow') {
            reached.open()
            await answer.opened
          }
          reply(200, `reply to ${req.url}.`)
        },
        async (app) => {
          const [busy, idle] = [connect(`http://127.0.0.1:${app.port}`), connect(`http://127.0.0.1:${app.port}`)]
          const idleStream = idle.request({ ':path': '/idle' })
          await new Promise((resolve) => idleStream.resume().once('close', resolve))
          const stream = busy.request({ ':path': '/slow' })
          let text = ''
          stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
          const received = new Promise((resolve) => stream.once('close', resolve))
          await reached.opened
          const away = Promise.all([busy, idle].map((session) => new Promise((resolve) => session.once('goaway', resolve))))
          const gone = Promise.all([busy, idle].map((session) => new Promise((resolve) => session.once('close', resolve))))
          const draining = app.lifecycle.drain({ server: app.server })
          assert.deepEqual(await away, [0, 0])
          answer.open()
          await received
          assert.equal(text, 'reply to /slow.')
          assert.equal((await draining).clean, true)
          await gone
        },
      )
    },
  },
  {
    id: 'DRN-017',
    title: 'MUST close the sessions of a server it is attached to that never made a request',
    needs: ['http2'],
    run: async () => {
      const lifecycle = createLifecycle()
      const server = lifecycle.attach(createServer())
      await listen(server as unknown as Server)
      const begun = new Promise((resolve) => server.once('session', resolve))
      const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      const closed = new Promise((resolve) => session.once('close', resolve))
      await begun
      assert.equal((await lifecycle.drain({ server, timeout: 600_000 })).clean, true)
      await closed
    },
  },
]
