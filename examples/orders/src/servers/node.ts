import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { createLifecycle, reply } from '@afterword/adapter-node'
import router from 'find-my-way'
import { explain, noSuchPage } from '../domain/problem.js'
import { recognise } from '../lifecycle/caller.js'
import { readJson } from './body.js'
import { host, originOf, type StartServer } from './server.js'

// Put this file beside the others in this folder: line by line they differ in the imports, in the mount, and in how a
// framework is asked for its request and told its reply. A test sees to it.

/** Tells the client of an error. */
const onError = (error: unknown, _req: IncomingMessage, res: ServerResponse) => {
  const { status, body } = explain(error)
  res.statusCode = status
  reply(res, body)
}

/** Mounts the shop, and listens. */
export const start: StartServer = async (shop, port = 0) => {
  const lifecycle = createLifecycle(shop.lifecycleOptions)
  const app = router()
  const server = createServer()

  // What a load balancer asks: it is to look away once a drain has begun.
  app.get('/ready', async (_req, res) => {
    res.statusCode = lifecycle.ready ? 200 : 503
    reply(res, { ready: lifecycle.ready })
  })

  app.post('/orders', async (req, res) => {
    recognise(req.headers)
    const order = await shop.placeOrder(await readJson(req))
    res.statusCode = 201
    reply(res, order)
  })

  app.get('/orders/:id', async (req, res, params) => {
    recognise(req.headers)
    const order = await shop.showOrder(params)
    reply(res, order)
  })

  app.post('/orders/:id/steps', async (req, res, params) => {
    const caller = recognise(req.headers)
    const order = await shop.moveOrder(caller, params, await readJson(req))
    reply(res, order)
  })

  app.get('/orders/:id/progress', async (req, res, params) => {
    recognise(req.headers)
    const events = await shop.watchOrder(params)
    res.setHeader('content-type', 'text/event-stream')
    await pipeline(events, res)
  })

  app.all('*', noSuchPage)

  server.on('request', lifecycle.listener((req, res) => app.lookup(req, res), { errorHandler: onError }))

  server.listen(port, host)
  await once(server, 'listening')
  return { origin: originOf(server), lifecycle, stoppable: server }
}
