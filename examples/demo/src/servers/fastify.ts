import { createLifecycle } from '@afterword/adapter-fastify'
import { fastify } from 'fastify'
import * as shop from '../shop.js'
import { type Audience, drainTimeout, type ShopServer } from './server.js'

/** Starts the shop on Fastify. */
export async function startFastify({ onOutcome, onError, onHandlerError }: Audience): Promise<ShopServer> {
  const lifecycle = createLifecycle({ onOutcome, onError })
  const app = fastify()

  await app.register(lifecycle.plugin)

  // What a load balancer asks.
  app.get('/ready', (_request, reply) => reply.code(lifecycle.ready ? 200 : 503).send())
  app.post('/orders', async (_request, reply) => reply.code(201).send(await shop.placeOrder()))
  app.post('/coupons', async (_request, reply) => reply.code(202).send(await shop.sendCoupon()))
  app.post('/returns', async (_request, reply) => reply.code(202).send(await shop.takeBack()))
  app.get('/basket', () => shop.fillBasket())
  app.get('/news', (request) => shop.waitForNews(request.exchange))
  app.get('/invoice', () => shop.printInvoice())
  app.get('/catalogue', (_request, reply) => reply.type('text/csv').send(shop.readCatalogue()))

  app.setErrorHandler((error, request, reply) => {
    onHandlerError(error, request.exchange)
    return reply.code(500).send({ error: 'Internal Server Error' })
  })

  const origin = await app.listen({ port: 0, host: '127.0.0.1' })

  return {
    name: 'Fastify',
    origin,
    idle: () => lifecycle.idle(),
    async drain() {
      // `app.close()` alone drains as well, with the default times. This way the report is at hand.
      const report = lifecycle.drain({ server: app.server, timeout: drainTimeout })
      await app.close()
      return report
    },
  }
}
