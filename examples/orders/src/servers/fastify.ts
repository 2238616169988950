import { createLifecycle } from '@afterword/adapter-fastify'
import { fastify, type FastifyReply, type FastifyRequest } from 'fastify'
import { explain, noSuchPage } from '../domain/problem.js'
import { recognise } from '../lifecycle/caller.js'
import { host, originOf, type StartServer } from './server.js'

// Put this file beside the others in this folder: line by line they differ in the imports, in the mount, and in how a
// framework is asked for its request and told its reply. A test sees to it.

/** Tells the client of an error. */
const onError = (error: unknown, _req: FastifyRequest, res: FastifyReply) => {
  const { status, body } = explain(error)
  res.code(status)
  return res.send(body)
}

/** Mounts the shop, and listens. */
export const start: StartServer = async (shop, port = 0) => {
  const lifecycle = createLifecycle(shop.lifecycleOptions)
  const app = fastify()
  await app.register(lifecycle.plugin)

  // What a load balancer asks: it is to look away once a drain has begun.
  app.get('/ready', async (_req, res) => {
    res.code(lifecycle.ready ? 200 : 503)
    return res.send({ ready: lifecycle.ready })
  })

  app.post('/orders', async (req, res) => {
    recognise(req.headers)
    const order = await shop.placeOrder(req.body)
    res.code(201)
    return res.send(order)
  })

  app.get('/orders/:id', async (req, res) => {
    recognise(req.headers)
    const order = await shop.showOrder(req.params)
    return res.send(order)
  })

  app.post('/orders/:id/steps', async (req, res) => {
    const caller = recognise(req.headers)
    const order = await shop.moveOrder(caller, req.params, req.body)
    return res.send(order)
  })

  app.get('/orders/:id/progress', async (req, res) => {
    recognise(req.headers)
    const events = await shop.watchOrder(req.params)
    res.header('content-type', 'text/event-stream')
    return res.send(events)
  })

  app.all('*', noSuchPage)

  app.setErrorHandler(onError)

  const { server } = app
  await app.listen({ port, host })
  return { origin: originOf(server), lifecycle, stoppable: app }
}
