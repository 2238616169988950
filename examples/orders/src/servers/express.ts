import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { createLifecycle } from '@afterword/adapter-express'
import express, { type ErrorRequestHandler } from 'express'
import { explain, noSuchPage } from '../domain/problem.js'
import { recognise } from '../lifecycle/caller.js'
import { host, originOf, type StartServer } from './server.js'

// Put this file beside the others in this folder: line by line they differ in the imports, in the mount, and in how a
// framework is asked for its request and told its reply. A test sees to it.

/** Tells the client of an error. */
const onError: ErrorRequestHandler = (error, _req, res, _next) => {
  const { status, body } = explain(error)
  res.status(status)
  res.json(body)
}

/** Mounts the shop, and listens. */
export const start: StartServer = async (shop, port = 0) => {
  const lifecycle = createLifecycle(shop.lifecycleOptions)
  const app = express()
  app.use(lifecycle.middleware)

  // What a load balancer asks: it is to look away once a drain has begun.
  app.get('/ready', async (_req, res) => {
    res.status(lifecycle.ready ? 200 : 503)
    res.json({ ready: lifecycle.ready })
  })

  app.post('/orders', express.json(), async (req, res) => {
    recognise(req.headers)
    const order = await shop.placeOrder(req.body)
    res.status(201)
    res.json(order)
  })

  app.get('/orders/:id', async (req, res) => {
    recognise(req.headers)
    const order = await shop.showOrder(req.params)
    res.json(order)
  })

  app.post('/orders/:id/steps', express.json(), async (req, res) => {
    const caller = recognise(req.headers)
    const order = await shop.moveOrder(caller, req.params, req.body)
    res.json(order)
  })

  app.get('/orders/:id/progress', async (req, res) => {
    recognise(req.headers)
    const events = await shop.watchOrder(req.params)
    res.setHeader('content-type', 'text/event-stream')
    await pipeline(events, res)
  })

  app.use(noSuchPage)

  app.use(lifecycle.errorMiddleware, onError)

  const server = app.listen(port, host)
  await once(server, 'listening')
  return { origin: originOf(server), lifecycle, stoppable: server }
}
