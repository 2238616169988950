import { once } from 'node:events'
import { connect } from 'node:net'
import type { Database } from '@afterword/example-transaction/database'
import { openDatabase } from '@afterword/example-transaction/open'
import { Client } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { stop } from '../src/servers/server.js'
import { servers } from '../src/servers/servers.js'
import { setStage, type Stage } from './stage.js'

const url = process.env['DATABASE_URL']
const databases = [
  { database: 'PGlite', address: 'memory://' },
  { database: 'PostgreSQL', address: url },
]

const email = 'ada@example.org'
const twoTeas = { email, lines: [{ sku: 'tea', quantity: 2 }] }

describe.each(databases)('with $database', ({ database, address }) => {
  // See scripts/postgres.mjs.
  if (address === undefined) return test.skip(`NOT RUN, for there is no DATABASE_URL: ${database}, the shop of examples/orders`)

  let opened: Database

  beforeAll(async () => {
    opened = await openDatabase(address)
  }, 60_000)

  afterAll(() => opened?.close())

  describe.each([...servers])('on %s', (_name, start) => {
    let stage: Stage

    beforeEach(async () => {
      stage = await setStage(opened, start)
    }, 60_000)

    afterEach(async () => {
      await stage.strike()
      expect(await opened.openTransactions()).toBe(0)
      // Whoever expects an error takes it out.
      expect(stage.reports).toEqual([])
    }, 60_000)

    test('an order is in the database when the customer is told 201, and its receipt comes behind the reply', async () => {
      const received = stage.mailbox.gate.close()
      const { status, body } = await stage.customer.order(twoTeas)
      // The mail server has not taken the receipt.
      expect(stage.mailbox.mails).toEqual([])
      expect([status, body.step, body.total]).toEqual([201, 'placed', 1500])
      expect([await stage.orders(), await stage.stock('tea')]).toEqual([[1500], 8])

      await received
      stage.mailbox.gate.open()
      await stage.idle()
      expect(stage.mailbox.mails).toEqual([{ to: email, subject: `Your order ${body.id}`, text: 'Thank you. You pay 15.00 EUR.' }])
      expect(stage.partner.heard.map((text) => JSON.parse(text) as unknown)).toEqual([{ order: body.id, total: 1500 }])
      expect(await stage.audit()).toEqual(['POST /orders customer finished 201 committed'])
    })

    test('of an order whose customer leaves in the middle nothing is left, but for a line in the audit log', async () => {
      const leaving = new AbortController()
      const reached = stage.inserted.close()
      const unheard = expect(stage.customer.order(twoTeas, leaving.signal)).rejects.toThrow('aborted')
      await reached
      const [exchange] = stage.server.lifecycle.open
      const left = once(exchange?.signal as AbortSignal, 'abort')
      leaving.abort()
      await left
      stage.inserted.open()
      await unheard

      await stage.idle()
      expect([await stage.orders(), await stage.stock('tea')]).toEqual([[], 10])
      expect([stage.mailbox.mails, stage.partner.heard]).toEqual([[], []])
      expect(await stage.audit()).toEqual(['POST /orders customer aborted null rolled-back'])
    })

    test('an order of which one product is missing takes nothing from stock', async () => {
      const lines = [{ sku: 'pot', quantity: 2 }, { sku: 'cup', quantity: 1 }]
      expect(await stage.customer.order({ email, lines })).toEqual({ status: 409, body: { error: 'There is not enough of pot in stock.' } })

      await stage.idle()
      expect([await stage.orders(), await stage.stock('cup'), await stage.stock('pot')]).toEqual([[], 10, 1])
      expect([stage.mailbox.mails, stage.partner.heard]).toEqual([[], []])
      expect(await stage.audit()).toEqual(['POST /orders customer finished 409 rolled-back'])
    })

    test('an order that the database refuses when it is committed was not placed', async () => {
      // Checked only by the commit: the reply was made by then.
      await opened.query('create table afterword_orders.customers (email text primary key)')
      await opened.query(
        'alter table afterword_orders.orders add foreign key (email) references afterword_orders.customers deferrable initially deferred',
      )
      expect(await stage.customer.order(twoTeas)).toEqual({ status: 500, body: { error: 'Something is wrong on our side.' } })

      await stage.idle()
      expect([await stage.orders(), await stage.stock('tea'), stage.mailbox.mails]).toEqual([[], 10, []])
      expect(await stage.audit()).toEqual(['POST /orders customer finished 500 rolled-back'])
    })

    test('what is no order, and what nobody knows, is told so and written down', async () => {
      const invalid = await stage.customer.order({ email: 'ada', lines: [] })
      expect(invalid.status).toBe(400)
      expect(invalid.body.error).toMatch(/^email: .*; lines: /)
      const headers = { 'content-type': 'application/json' }
      const broken = await fetch(`${stage.server.origin}/orders`, { method: 'POST', headers, body: '{' })
      const long = await fetch(`${stage.server.origin}/orders`, { method: 'POST', headers, body: `"${'a'.repeat(2_000_000)}"` })
      expect([broken.status, long.status]).toEqual([400, 413])
      await Promise.all([broken.text(), long.text()])
      expect((await stage.customer.ask('GET', '/orders/1')).status).toBe(400)
      expect((await stage.customer.ask('GET', '/orders/9f1c2a34-0000-4000-8000-000000000000')).status).toBe(404)
      expect((await stage.customer.ask('GET', '/orders/9f1c2a34-0000-4000-8000-000000000000/progress')).status).toBe(404)
      expect((await stage.customer.ask('GET', '/nowhere')).status).toBe(404)

      await stage.idle()
      expect(await stage.orders()).toEqual([])
      expect(await stage.audit()).toEqual([
        'GET /nowhere customer finished 404 null',
        'GET /orders/1 customer finished 400 null',
        'GET /orders/9f1c2a34-0000-4000-8000-000000000000 customer finished 404 null',
        'GET /orders/9f1c2a34-0000-4000-8000-000000000000/progress customer finished 404 null',
        'POST /orders customer finished 400 null',
        'POST /orders customer finished 400 null',
        'POST /orders customer finished 413 null',
      ])
    })

    test('customers do not see what only staff may see', async () => {
      const { body } = await stage.customer.order(twoTeas)
      const seen = { id: body.id, email, step: 'placed', lines: twoTeas.lines, total: 1500 }
      expect(body).toEqual(seen)
      expect((await stage.customer.ask('GET', `/orders/${body.id}`)).body).toEqual(seen)
      expect((await stage.staff.ask('GET', `/orders/${body.id}`)).body).toEqual({ ...seen, cost: 600, margin: 900 })
      expect((await stage.customer.ask('POST', `/orders/${body.id}/steps`, { step: 'packed' })).status).toBe(403)
      expect((await stage.staff.ask('POST', `/orders/${body.id}/steps`, { step: 'shipped' })).status).toBe(409)
    })

    test('who watches an order sees each step, up to the last', async () => {
      const { body } = await stage.customer.order(twoTeas)
      const watching = stage.customer.watch(`${body.id}`)
      expect((await watching.next()).value).toBe('placed')
      await stage.staff.ask('POST', `/orders/${body.id}/steps`, { step: 'packed' })
      expect((await watching.next()).value).toBe('packed')
      await stage.staff.ask('POST', `/orders/${body.id}/steps`, { step: 'shipped' })
      expect((await watching.next()).value).toBe('shipped')
      expect((await watching.next()).done).toBe(true)

      await stage.idle()
      expect(await stage.audit()).toContain(`GET /orders/${body.id}/progress customer finished 200 null`)
    })

    test('who stops watching is not told any more', async () => {
      const { body } = await stage.customer.order(twoTeas)
      const watching = stage.customer.watch(`${body.id}`)
      await watching.next()
      expect(stage.shop.progress.watchers(`${body.id}`)).toBe(1)
      await watching.return(undefined)

      await stage.idle()
      expect(stage.shop.progress.watchers(`${body.id}`)).toBe(0)
      expect(await stage.audit()).toContain(`GET /orders/${body.id}/progress customer aborted 200 null`)
    })

    test.each([
      ['is broken', 'broken', 'The webhook answered 500.'],
      ['hangs up', 'hanging up', 'fetch failed'],
    ] as const)('a webhook that %s reaches the sink, and nobody else', async (_what, mood, message) => {
      stage.partner.mood = mood
      const client = new Client(stage.server.origin)
      let connections = 0
      client.on('connect', () => connections++)
      const headers = { 'content-type': 'application/json' }
      const order = await client.request({ method: 'POST', path: '/orders', headers, body: JSON.stringify(twoTeas) })
      const { id } = (await order.body.json()) as { id: string }
      await stage.idle()
      expect([order.statusCode, stage.mailbox.mails.length]).toEqual([201, 1])
      expect(stage.reports.splice(0)).toEqual([{ task: 'webhook', message }])

      const next = await client.request({ method: 'GET', path: `/orders/${id}` })
      await next.body.dump()
      expect([next.statusCode, connections]).toEqual([200, 1])
      await client.close()
    })

    test('a drain waits for the receipt, and loses nothing', async () => {
      expect(await stage.customer.ask('GET', '/ready')).toEqual({ status: 200, body: { ready: true } })
      const received = stage.mailbox.gate.close()
      const { status } = await stage.customer.order(twoTeas)
      await received
      const happened: string[] = []
      const stopped = stop(stage.server).finally(() => happened.push('stopped'))
      // No longer accepting, it waits for the mail server.
      while (await accepts(stage.server.origin));
      expect(happened).toEqual([])
      stage.mailbox.gate.open()

      const report = await stopped
      expect([status, report.clean, stage.mailbox.mails.length, await stage.orders()]).toEqual([201, true, 1, [1500]])
      expect(report.tasks.pendingAtStart).toBeGreaterThan(0)
      expect(await stage.audit()).toEqual(['GET /ready customer finished 200 null', 'POST /orders customer finished 201 committed'])
    })

    test('a drain ends the stream of who watches, and loses nothing', async () => {
      const { body } = await stage.customer.order(twoTeas)
      const watching = stage.customer.watch(`${body.id}`)
      await watching.next()
      const stopped = stop(stage.server)
      // Who is in flight is asked to hurry.
      void stage.server.lifecycle.drain({ softTimeout: 1 })
      expect((await watching.next()).done).toBe(true)
      expect((await stopped).clean).toBe(true)
      expect(await stage.audit()).toContain(`GET /orders/${body.id}/progress customer finished 200 null`)
    })
  })
})

/** Whether a server still takes connections. */
async function accepts(origin: string): Promise<boolean> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
