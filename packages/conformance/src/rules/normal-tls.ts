import assert from 'node:assert/strict'
import { createServer, type RequestOptions } from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { createLifecycle } from '@afterword/adapter-node'
import { certificate } from '../certificate.js'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import { listen, Probe, stop } from '../probe.js'
import type { App } from '../rig.js'
import type { Rule } from '../rule.js'
import { assertEndedOnce, assertFinished } from './normal-framing.js'

/** More than the buffers of a loopback connection hold. */
const large = Buffer.alloc(50 * 1024 * 1024, 'x')

/** The same endings when the connection is encrypted. */
export const normalTlsRules: readonly Rule[] = [
  {
    id: 'END-130',
    title: 'MUST finish exchanges over TLS, on a connection that is kept alive',
    needs: ['node'],
    run: () =>
      serve(async (app) => {
        const { client } = connect(app)
        for (const count of [1, 2]) {
          await client.request('GET', '/small')
          await client.until(new RegExp(`(hello[^]*){${count}}`))
          assertFinished(await app.outcome(count), 200)
        }
        client.leave()
        assertEndedOnce(app, 2)
      }),
  },
  {
    id: 'END-131',
    title: 'MUST finish a large reply over TLS only after the slow client has read on',
    needs: ['node'],
    run: () =>
      serve(async (app) => {
        const { client } = connect(app)
        client.stall()
        await client.request('GET', '/large', ['Connection: close'])
        await app.handled
        const { client: other } = connect(app)
        await other.request('GET', '/small')
        assert.equal((await app.outcome()).url, '/small')
        assert.equal(app.lifecycle.unended, 1)
        await client.gone()
        assert.equal(client.received.length - client.received.indexOf('\r\n\r\n') - 4, large.length)
        assertFinished(await app.outcome(2), 200)
        other.leave()
        assertEndedOnce(app, 2)
      }),
  },
  {
    id: 'END-132',
    title: 'MUST NOT finish a large reply over TLS that the client reset before it was flushed',
    needs: ['node'],
    run: () =>
      serve(async (app) => {
        const { client, below } = connect(app)
        client.stall()
        await client.request('GET', '/large')
        await app.handled
        below.resetAndDestroy()
        const { kind, reason, position, status } = await app.outcome()
        assert.deepEqual([kind, reason, position, status], ['aborted', 'client', 'unflushed', 200])
        assertEndedOnce(app, 1)
      }),
  },
]

/** An https server with the lifecycle; `handled` resolves once the large reply was written. */
async function serve(use: (app: App & { handled: Promise<void> }) => Promise<void>): Promise<void> {
  const probe = new Probe()
  const lifecycle = createLifecycle(probe.options({}))
  const handled = gate()
  const listener = lifecycle.listener((req, res) => {
    res.end(req.url === '/large' ? large : 'hello')
    if (req.url === '/large') handled.open()
  })
  const server = createServer(certificate satisfies RequestOptions, listener)
  await listen(server)
  try {
    await use({ ...probe.app(lifecycle, server), handled: handled.opened })
  } finally {
    await stop(server)
  }
}

/** A client over TLS, and the TCP connection below, which can be reset. */
function connect({ port }: App): { client: RawClient; below: Socket } {
  const below = connectTcp({ port, host: '127.0.0.1' })
  below.on('error', () => {})
  const socket = connectTls({ socket: below, rejectUnauthorized: false })
  return { client: new RawClient(port, socket), below }
}
