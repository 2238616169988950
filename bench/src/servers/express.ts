import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:http'
import { createLifecycle } from '@afterword/adapter-express'
import express, { type Express, type RequestHandler } from 'express'
import { type Application, type Applications, mapValues } from './application.js'
import { peers } from './peers.js'
import { type Use, uses } from './uses.js'

/** An application with one middleware, or none, more that do nothing, and one route. */
function application(middleware?: RequestHandler, act?: Use['act'], more = 0): Express {
  const app = express()
  if (middleware !== undefined) app.use(middleware)
  for (let count = 0; count < more; count++) app.use((_req, _res, next) => next())
  app.get(['/', '/work'], (req, res) => {
    act?.(req.exchange, req)
    res.json({ ok: true })
  })
  return app
}

/** Applications on Express 5. */
export const applications: Applications = {
  bare: () => createServer(application()),
  noop: () => createServer(application((_req, _res, next) => next())),
  'als-run': () => {
    const storage = new AsyncLocalStorage()
    const store = {}
    return createServer(application((_req, _res, next) => storage.run(store, next)))
  },
  ...mapValues(peers, (peer): Application => async () => {
    const hook = await peer()
    const app = application((req, res, next) => {
      hook(req, res)
      next()
    })
    return createServer(app)
  }),
  chain: () => createServer(application(createLifecycle({ context: false }).middleware, undefined, 10)),
  'guard-chain': () => createServer(application(createLifecycle({ context: false, guard: true, callSites: false }).middleware, undefined, 10)),
  ...mapValues(uses, ({ options, act }): Application => () => createServer(application(createLifecycle(options).middleware, act))),
}
