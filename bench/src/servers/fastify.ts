import { AsyncLocalStorage } from 'node:async_hooks'
import { createLifecycle } from '@afterword/adapter-fastify'
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { count } from '../work.js'
import { type Application, type Applications, mapValues } from './application.js'
import { peers } from './peers.js'
import { type Use, uses } from './uses.js'

/** An application with one mount, or none, and one route. */
function application(mount?: (app: FastifyInstance) => unknown, act?: Use['act'], kept?: FastifyReply[]): Application {
  return async () => {
    const app = fastify()
    await mount?.(app)
    for (const path of ['/', '/work']) {
      app.get(path, (request, reply) => {
        act?.(request.exchange, request.raw)
        kept?.push(reply)
        reply.send({ ok: true })
      })
    }
    await app.ready()
    return app.server
  }
}

/** Applications on Fastify 5. */
export const applications: Applications = {
  bare: application(),
  'bare-kept': application(undefined, undefined, []),
  noop: application((app) => app.addHook('onRequest', (_request, _reply, next) => next())),
  'als-run': application((app) => {
    const storage = new AsyncLocalStorage()
    const store = {}
    return app.addHook('onRequest', (_request, _reply, next) => storage.run(store, next))
  }),
  'on-response': application((app) =>
    app.addHook('onResponse', (_request, _reply, next) => {
      count()
      next()
    }),
  ),
  ...mapValues(peers, (peer) =>
    application(async (app) => {
      const hook = await peer()
      app.addHook('onRequest', (request, reply, next) => {
        hook(request.raw, reply.raw)
        next()
      })
    }),
  ),
  ...mapValues(uses, ({ options, act }) => application((app) => app.register(createLifecycle(options).plugin), act)),
}
