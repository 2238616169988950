import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import { createLifecycle } from '@afterword/adapter-express'
import express, { type NextFunction, type Request, type Response } from 'express'
import * as shop from '../shop.js'
import { type Audience, drainTimeout, type ShopServer } from './server.js'

/** Starts the shop on Express. */
export async function startExpress({ onOutcome, onError, onHandlerError }: Audience): Promise<ShopServer> {
  const lifecycle = createLifecycle({ onOutcome, onError })
  const app = express()

  app.use(lifecycle.middleware)

  // What a load balancer asks.
  app.get('/ready', (_req, res) => { res.sendStatus(lifecycle.ready ? 200 : 503) })
  app.post('/orders', async (_req, res) => { res.status(201).json(await shop.placeOrder()) })
  app.post('/coupons', async (_req, res) => { res.status(202).json(await shop.sendCoupon()) })
  app.post('/returns', async (_req, res) => { res.status(202).json(await shop.takeBack()) })
  app.get('/basket', async (_req, res) => { res.json(await shop.fillBasket()) })
  app.get('/news', async (req, res) => { res.json(await shop.waitForNews(req.exchange)) })
  app.get('/invoice', async (_req, res) => { res.json(await shop.printInvoice()) })
  app.get('/catalogue', (_req, res) => {
    // That the client left is no error: the tasks get it as their outcome.
    pipeline(shop.readCatalogue(), res.type('csv'), () => {})
  })

  app.use((error: unknown, req: Request, res: Response, _next: NextFunction) => {
    onHandlerError(error, req.exchange)
    res.status(500).json({ error: 'Internal Server Error' })
  })

  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    name: 'Express',
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    idle: () => lifecycle.idle(),
    drain: () => lifecycle.drain({ server, timeout: drainTimeout }),
  }
}
