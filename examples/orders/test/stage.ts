import type { Database } from '@afterword/example-transaction/database'
import type { Fault } from '@afterword/lifecycle-core'
import { Customer } from '../src/outside/customer.js'
import { Gate } from '../src/outside/gate.js'
import { holdInserts } from '../src/outside/held-inserts.js'
import { Mailbox } from '../src/outside/mailbox.js'
import { Partner } from '../src/outside/partner.js'
import { type StartServer, stop } from '../src/servers/server.js'
import { Shop } from '../src/shop.js'
import { createTables } from '../src/storage/tables.js'

/** An error that reached the sink. */
interface Report {
  readonly task: Fault['task']
  readonly message: string
}

/** The shop on one server, with empty tables, a mail server and a partner of its own. */
export type Stage = Awaited<ReturnType<typeof setStage>>

/** Makes the tables anew, and starts everything. */
export async function setStage(database: Database, start: StartServer) {
  await createTables(database)
  const mailbox = await Mailbox.open()
  const partner = await Partner.open()
  const inserted = new Gate()
  const reports: Report[] = []
  const shop = new Shop({
    database: holdInserts(database, inserted),
    smtp: mailbox.url,
    webhook: partner.url,
    onError: (error, { task }) => reports.push({ task, message: error instanceof Error ? error.message : String(error) }),
  })
  const server = await start(shop)

  return {
    shop,
    server,
    mailbox,
    partner,
    /** Where whoever has inserted an order comes by. */
    inserted,
    /** What the sink was told, and no test has taken out. */
    reports,
    customer: new Customer(server.origin),
    staff: new Customer(server.origin, 'staff'),

    /** Everything behind the replies is done. */
    idle: () => server.lifecycle.idle(),

    /** The totals of what was ordered. */
    async orders(): Promise<unknown[]> {
      return (await database.query('select total from afterword_orders.orders')).map(({ total }) => total)
    },

    /** What is left of a product. */
    async stock(sku: string): Promise<unknown> {
      return (await database.query('select stock from afterword_orders.products where sku = $1', [sku]))[0]?.['stock']
    },

    /** The audit log: what was asked, by whom, and what became of it. */
    async audit(): Promise<string[]> {
      const rows = await database.query('select * from afterword_orders.audit')
      return rows.map(({ method, url, caller, kind, status, transaction }) => `${method} ${url} ${caller} ${kind} ${status} ${transaction}`).toSorted()
    },

    /** Stops all of it. */
    async strike(): Promise<void> {
      for (const gate of [inserted, mailbox.gate, partner.gate]) gate.open()
      await stop(server)
      await Promise.all([mailbox.close(), partner.close()])
    },
  }
}
