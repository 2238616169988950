import assert from 'node:assert/strict'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'

/** What becomes of requests that come during a drain. */
export const drainLateRules: readonly Rule[] = [
  {
    id: 'DRN-110',
    title: 'MUST answer a new request on an open connection with 503 and Retry-After when told to reject, and finish those in flight',
    needs: ['http1'],
    run: async (rig) => {
      const reached = gate()
      const answer = gate()
      const handled: (string | undefined)[] = []
      await rig.serve(
        async ({ req, reply }) => {
          handled.push(req.url)
          if (req.url === '/slow') {
            reached.open()
            await answer.opened
          }
          reply(200, `reply to ${req.url}.`)
        },
        async (app) => {
          const late = new RawClient(app.port)
          await late.request('GET', '/first')
          await late.until(/reply to \/first\./)
          const slow = new RawClient(app.port)
          await slow.request('GET', '/slow')
          await reached.opened
          const draining = app.lifecycle.drain({ server: app.server, onDraining: 'reject', timeout: 600_000 })
          await late.request('POST', '/late', ['Content-Length: 4'], 'body')
          const refused = (await late.until(/HTTP\/1\.1 503[^]*Unavailable/)).split('HTTP/1.1 503')[1] ?? ''
          assert.match(refused, /retry-after: 1\r\n/i)
          assert.match(refused, /connection: close\r\n/i)
          await late.gone()
          answer.open()
          await slow.until(/reply to \/slow\./)
          await slow.gone()
          const { clean, exchanges } = await draining
          assert.deepEqual(handled, ['/first', '/slow'])
          assert.deepEqual([clean, exchanges.arrived, exchanges.rejected], [true, 1, 1])
          assert.deepEqual(app.outcomes.map(({ kind, status }) => `${kind} ${status}`), ['finished 200', 'finished 503', 'finished 200'])
        },
      )
    },
  },
  {
    id: 'DRN-111',
    title: 'MUST reject without a server to stop as well, once, on every protocol',
    run: async (rig) => {
      const work = gate()
      await rig.serve(
        ({ exchange, reply }) => {
          exchange.after(() => work.opened)
          reply(200, 'hello')
        },
        async ({ ask, lifecycle, outcome }) => {
          await ask()
          await outcome()
          const draining = lifecycle.drain({ onDraining: 'reject', timeout: 600_000 })
          const { status, headers } = await ask()
          assert.deepEqual([status, headers['retry-after']], [503, '1'])
          work.open()
          const { exchanges, tasks } = await draining
          assert.deepEqual([exchanges.rejected, tasks.completed], [1, 1])
        },
      )
    },
  },
  {
    id: 'DRN-112',
    title: 'MUST serve a pipelined request that comes during the drain, behind one that was in flight',
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
          const client = new RawClient(app.port)
          await client.request('GET', '/slow')
          await reached.opened
          const begun = new Promise((resolve) => app.server.once('request', resolve))
          const draining = app.lifecycle.drain({ server: app.server })
          await client.request('GET', '/behind')
          await begun
          answer.open()
          const received = await client.until(/reply to \/behind\./)
          const [, first = '', second = ''] = received.split('HTTP/1.1 200')
          assert.match(first, /reply to \/slow\./)
          assert.doesNotMatch(first, /connection: close/i)
          assert.match(second, /connection: close/i)
          await client.gone()
          assert.equal((await draining).clean, true)
        },
        { server: { return503OnClosing: false } },
      )
    },
  },
  {
    id: 'DRN-113',
    title: 'MUST leave a response that closes its connection on its own account as it is, whatever comes behind it',
    needs: ['http1'],
    run: async (rig) => {
      const reached = gate()
      const answer = gate()
      await rig.serve(
        async ({ req, res }) => {
          if (req.url !== '/slow') return res.end('behind')
          res.setHeader('connection', 'close')
          reached.open()
          await answer.opened
          return res.end('the last')
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/slow')
          await reached.opened
          const begun = new Promise((resolve) => app.server.once('request', resolve))
          const draining = app.lifecycle.drain({ server: app.server })
          await client.request('GET', '/behind')
          await begun
          answer.open()
          await client.until(/the last/)
          await client.gone()
          assert.match(client.received, /connection: close/i)
          assert.doesNotMatch(client.received, /behind/)
          assert.equal((await draining).clean, true)
        },
        { server: { return503OnClosing: false } },
      )
    },
  },
]
