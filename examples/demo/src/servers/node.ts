import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import { createLifecycle, type NodeRequest } from '@afterword/adapter-node'
import * as shop from '../shop.js'
import { type Audience, drainTimeout, type ShopServer } from './server.js'

type Handler = (req: NodeRequest, res: ServerResponse) => unknown

const routes: Readonly<Record<string, Handler>> = {
  'POST /orders': async (_req, res) => reply(res, 201, await shop.placeOrder()),
  'POST /coupons': async (_req, res) => reply(res, 202, await shop.sendCoupon()),
  'POST /returns': async (_req, res) => reply(res, 202, await shop.takeBack()),
  'GET /basket': async (_req, res) => reply(res, 200, await shop.fillBasket()),
  'GET /news': async (req, res) => reply(res, 200, await shop.waitForNews(req.exchange)),
  'GET /invoice': async (_req, res) => reply(res, 200, await shop.printInvoice()),
  'GET /catalogue': (_req, res) => {
    // That the client left is no error: the tasks get it as their outcome.
    pipeline(shop.readCatalogue(), res.setHeader('content-type', 'text/csv'), () => {})
  },
}

/** Starts the shop on node:http. There is no framework to answer for a handler that throws, so the lifecycle does. */
export async function startNode({ onOutcome, onError }: Audience): Promise<ShopServer> {
  const lifecycle = createLifecycle({ onOutcome, onError })

  const server = createServer(
    lifecycle.listener((req, res) => {
      // What a load balancer asks.
      if (req.url === '/ready') return res.writeHead(lifecycle.ready ? 200 : 503).end()
      const handler = routes[`${req.method} ${req.url}`]
      return handler === undefined ? reply(res, 404, { error: 'Not Found' }) : handler(req, res)
    }),
  )

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    name: 'node:http',
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    idle: () => lifecycle.idle(),
    drain: () => lifecycle.drain({ server, timeout: drainTimeout }),
  }
}

function reply(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
