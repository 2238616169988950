import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createLifecycle, type Exchange } from '@afterword/adapter-express'
import { isThenable, settle } from '@afterword/lifecycle-core/adapter'
import express5 from 'express'
import express4 from 'express4'
import { readAll } from '../client.js'
import { listen, Probe, stop } from '../probe.js'
import type { Call, Rig } from '../rig.js'

type Request = IncomingMessage & { exchange: Exchange }
type Response = ServerResponse & { status(code: number): Response; set(fields: object): Response; send(body: unknown): Response }

/** Express with `app.use(lifecycle.middleware)`. */
function express(name: string, framework: () => ReturnType<typeof express5>): Rig {
  return {
    name,
    framework: 'express',
    lacks: {
      http2: 'Express does not speak HTTP/2',
      inject: 'Express has no injection',
      'handler-error': 'Express has no way to tell middleware that came before',
      listener: 'Express and not listener()',
      'handler-promise': 'Express does not pass on what a handler returns',
    },
    async serve(handler, use, options) {
      const build = (app: ReturnType<typeof express5>, lifecycle: ReturnType<typeof createLifecycle>) => {
        const before = options?.before
        if (before !== undefined) {
          app.use((async (req: Request, res: Response, next: () => void) => (await before(req, res)) !== false && next()) as never)
        }
        app.use(lifecycle.middleware as never)
        app.use(((req: Request, res: Response, next: (error: unknown) => void) => {
          // Express 4 does not look at what a handler returns.
          const result = handler(expressCall(req, res))
          if (isThenable(result)) settle(result, undefined, next)
        }) as never)
      }
      await this.serveOwn?.(build, use, options)
    },
    async serveBare(handler, use) {
      await this.serveOwn?.((app: ReturnType<typeof express5>) => app.use(handler), use)
    },
    async serveOwn(build, use, options = {}) {
      const probe = new Probe()
      const lifecycle = createLifecycle(probe.options(options))
      const app = framework()
      // The test environment: the default error page without a line on stderr.
      app.set('env', 'test')
      build(app, lifecycle)
      const server = createServer(options.server ?? {}, app as never)
      await listen(server)
      try {
        await use(probe.app(lifecycle, server))
      } finally {
        await stop(server)
      }
    },
  }
}

export const expressRigs: readonly Rig[] = [
  express('express', express5),
  express('express4', express4 as unknown as typeof express5),
]

function expressCall(req: Request, res: Response): Call {
  return {
    req,
    res,
    exchange: req.exchange,
    read: () => readAll(req),
    send: (payload) => void res.send(payload),
    reply: (status, body, headers = {}) => void res.status(status).set(headers).send(body),
  }
}
