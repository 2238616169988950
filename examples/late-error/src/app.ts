import { createServer, type Server } from 'node:http'
import { createLifecycle } from '@afterword/adapter-express'
import express, { type ErrorRequestHandler } from 'express'

/** Writes a line of what happens. */
export type Print = (line: string) => void

/** The first step is done for the client, the second for us: it fails when the client has its answer. */
async function second(): Promise<never> {
  throw new Error('the second step failed')
}

/** Makes a server whose handler goes on after its reply, with or without `faultsTo`. */
export function makeServer(faultsTo: boolean, print: Print): Server {
  const lifecycle = createLifecycle({ onError: (error) => print(`the sink: ${String(error)}`) })
  const app = express()
  // Without a stack on stderr from Express's default handler.
  app.set('env', 'test')
  if (faultsTo) lifecycle.faultsTo(app)
  app.use(lifecycle.middleware)

  app.get('/', (_req, res, next) => {
    Promise.resolve('first step done')
      .then((done) => res.send(done))
      .then(second)
      .catch(next)
  })

  const onError: ErrorRequestHandler = (error, _req, res, next) => {
    print(`error middleware: ${(error as Error).message}, headersSent ${res.headersSent}`)
    // What Express's guide says: it ends at the default handler, which closes the connection.
    if (!faultsTo) return next(error)
    res.status(500).send('has no effect')
  }
  app.use(onError)
  return createServer(app)
}
