// The shop as a process of its own, which the tour can kill: `serve.ts ADDRESS`.
import type { AddressInfo } from 'node:net'
import { openDatabase } from './open.js'
import { createShop } from './shop.js'

const database = await openDatabase(process.argv[2] as string)

const { app, lifecycle } = createShop(database, async (moment, url) => {
  if (!url.endsWith(`?stop-when=${moment}`)) return
  process.send?.(moment)
  // Until the tour kills the process, or its client has left.
  const signal = [...lifecycle.open].find((exchange) => exchange.url === url)?.signal
  await new Promise((resolve) => signal?.addEventListener('abort', resolve))
})

const server = app.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))

process.once('SIGTERM', async () => {
  await lifecycle.drain({ server })
  await database.close()
  process.disconnect?.()
})
