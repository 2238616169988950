// `main.ts express`, or fastify, or node: a tour of the shop on that server. With --serve it leaves the requests to you.
// On PGlite, which needs nothing; or on the PostgreSQL that you name, in a schema of its own: `main.ts express postgres://...`.
import { gracefulShutdown } from '@afterword/adapter-node/shutdown'
import { openDatabase } from '@afterword/example-transaction/open'
import { Gate } from './outside/gate.js'
import { holdInserts } from './outside/held-inserts.js'
import { Mailbox } from './outside/mailbox.js'
import { Partner } from './outside/partner.js'
import { servers } from './servers/servers.js'
import { Shop } from './shop.js'
import { createTables } from './storage/tables.js'
import { takeTour } from './tour.js'

const args = process.argv.slice(2).filter((arg) => arg !== '--')
const address = args.find((arg) => arg.startsWith('postgres'))
const [name = 'express', ...unknown] = args.filter((arg) => arg !== '--serve' && arg !== address)
const start = servers.get(name)
if (start === undefined || unknown.length > 0) {
  console.error(`usage: main.ts ${[...servers.keys()].join('|')} [--serve] [postgres://...]`)
  process.exit(2)
}

const database = await openDatabase(address ?? 'memory://')
await createTables(database)
const mailbox = await Mailbox.open()
const partner = await Partner.open()
const inserted = new Gate()

const shop = new Shop({
  database: holdInserts(database, inserted),
  smtp: mailbox.url,
  webhook: partner.url,
  onError: (error, { source, task }) => console.log(`  to the sink, from the ${source} ${task}: ${error}`),
})
const server = await start(shop)

// Ctrl-C, or whatever stops the process: open requests and what is still to be done behind replies come first.
gracefulShutdown(server.lifecycle, server.stoppable, {
  timeout: 8_000,
  async onDrained() {
    console.log(`drained: ${mailbox.mails.length} receipts were sent`)
    const rows = await database.query('select * from afterword_orders.audit')
    const log = rows.map(({ method, url, caller, kind, status, transaction }) => `  ${method} ${url}, ${caller}: ${kind} ${status} ${transaction}`)
    // Side by side, so in any order.
    for (const line of log.toSorted()) console.log(line.replaceAll(/[0-9a-f-]{36}/g, ':id'))
    await Promise.all([database.close(), mailbox.close(), partner.close()])
  },
})

console.log(`The shop on ${name}, with ${database.name}.`)
if (args.includes('--serve')) {
  console.log(`
curl ${server.origin}/orders -H 'content-type: application/json' -d '{"email":"ada@example.org","lines":[{"sku":"tea","quantity":2}]}'
curl ${server.origin}/orders/ID -H 'x-role: staff'
curl -N ${server.origin}/orders/ID/progress
curl ${server.origin}/orders/ID/steps -H 'x-role: staff' -H 'content-type: application/json' -d '{"step":"packed"}'

Ctrl-C drains.`)
} else {
  await takeTour({ server, mailbox, partner, inserted, print: (text) => console.log(text) })
  // Behind that of `gracefulShutdown`: the mail server answers only when the drain is waiting for it.
  process.once('SIGTERM', () => mailbox.gate.open())
  process.kill(process.pid, 'SIGTERM')
}
