import { createServer, type Server } from 'node:http'
import { createLifecycle as createExpressLifecycle } from '@afterword/adapter-express'
import { compose, createLifecycle } from '@afterword/adapter-node'
import express from 'express'
import { makeChain, type Print } from './chain.js'

/** Makes a server with the chain, with or without the guard. */
export type MakeServer = (guard: boolean, print: Print) => Server

/** Four `app.use` on Express; the guard is one option. */
export const onExpress: MakeServer = (guard, print) => {
  const { f1, f2, f3, f4, onError } = makeChain(print)
  // `callSites` would print a warning that says where f2 replied and went on.
  const lifecycle = createExpressLifecycle({ guard, callSites: false })
  const app = express()
  app.use(lifecycle.middleware)
  app.use(f1)
  app.use(f2)
  app.use(f3)
  app.use(f4)
  app.use(onError)
  return createServer(app)
}

/** The same chain on `node:http`. */
export const onNode: MakeServer = (guard, print) => {
  const { f1, f2, f3, f4, onError } = makeChain(print)
  const lifecycle = createLifecycle({ guard, callSites: false })
  return createServer(lifecycle.listener(compose(f1, f2, f3, f4, onError)))
}
