import { createLifecycle, current, type ExpressLifecycle, transaction } from '@afterword/adapter-express'
import express, { type Express } from 'express'
import type { Connection, Database } from './database.js'

/** A moment at which the tour wants to interfere. */
export type Moment = 'inserted' | 'committed'

/** Called when a request has come that far. The shop goes on when it resolves. */
export type Reach = (moment: Moment, url: string) => unknown

/** Takes orders. Whoever is told 201 has ordered, and nobody else has, unless the process dies on the way to the client. */
export function createShop(database: Database, reach: Reach): { app: Express; lifecycle: ExpressLifecycle } {
  const tx = transaction<Connection>({
    begin: () => database.begin(),
    async commit(connection) {
      await database.commit(connection)
      await reach('committed', current()?.url ?? '')
    },
    rollback: (connection, context) => database.rollback(connection, context),
  })
  const lifecycle = createLifecycle()
  const app = express()
  // The test environment of Express: its error page does not print the error.
  app.set('env', 'test')
  app.use(lifecycle.middleware)

  // The client chooses the id, so that it may ask again when it was told nothing.
  app.put('/orders/:id/:item', async (req, res) => {
    const { id, item } = req.params
    const added = await tx.run(async (connection) => {
      const rows = await connection.query('insert into afterword_example.orders values ($1, $2) on conflict do nothing returning id', [id, item])
      await reach('inserted', req.url)
      return rows.length > 0
    })
    res.status(added ? 201 : 200).json({ id, item })
  })

  app.use(lifecycle.errorMiddleware)
  return { app, lifecycle }
}
