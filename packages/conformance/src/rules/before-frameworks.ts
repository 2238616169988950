import assert from 'node:assert/strict'
import type { ExpressLifecycle } from '@afterword/adapter-express'
import type { FastifyLifecycle } from '@afterword/adapter-fastify'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import express4 from 'express4'
import type { FastifyInstance } from 'fastify'
import type { Rig } from '../rig.js'
import type { Rule } from '../rule.js'

type OwnRig = Rig & { serveOwn: NonNullable<Rig['serveOwn']> }

const refused = async (): Promise<never> => {
  await new Promise((resolve) => setImmediate(resolve))
  throw Object.assign(new Error('refused'), { status: 503, statusCode: 503 })
}

/** Error middleware that says where it stands. */
function tell(place: string) {
  return (error: Error, _req: Request, res: Response, _next: NextFunction): void => {
    res.status(503).json({ place, error: error.message, sent: res.headersSent })
  }
}

/** Where the error of a refused reply goes in each framework. */
export const beforeFrameworksRules: readonly Rule[] = [
  {
    id: 'BCM-023',
    title: 'MUST hand a refusal to the error middleware of the router in which the handler stands, then to that of the application',
    needs: ['express'],
    run: (rig) =>
      (rig as OwnRig).serveOwn(
        (app: Express, lifecycle: ExpressLifecycle) => {
          app.use(lifecycle.middleware)
          // A sub-application stands for every router.
          const inner = (rig.name === 'express4' ? (express4 as unknown as typeof express) : express)()
          inner.use((req: Request, res: Response, next: NextFunction) => {
            if (req.path !== '/') return next()
            req.exchange.beforeCommit(refused)
            res.set('x-kept', 'kept').type('text/secret').json({ secret: true })
          })
          inner.use(tell('first'))
          app.use('/inside', inner as Express)
          app.get('/outside', (req, res) => {
            req.exchange.beforeCommit(refused)
            res.send('a secret')
          })
          app.use(lifecycle.errorMiddleware)
          app.use((error: Error, req: Request, res: Response, next: NextFunction) => {
            req.exchange.beforeCommit(async (head) => head.setHeader('x-page', 'its own hook'))
            tell('last')(error, req, res, next)
          })
        },
        async (app) => {
          for (const [path, place] of Object.entries({ '/inside': 'first', '/outside': 'last' })) {
            const { status, headers, body } = await app.ask(path)
            assert.equal(status, 503)
            assert.deepEqual(JSON.parse(body), { place, error: 'refused', sent: false })
            assert(String(headers['content-type']).startsWith('application/json'))
            assert.equal(headers['x-page'], path === '/outside' ? 'its own hook' : undefined)
            assert.equal(headers['x-kept'], path === '/inside' ? 'kept' : undefined)
          }
          assert.deepEqual(app.faults, [])
        },
      ),
  },
  {
    id: 'BCM-024',
    title: 'MUST hand a refusal to the error handler that is set on Fastify, once, for values, streams and returned values',
    needs: ['fastify'],
    run: async (rig) => {
      let errors = 0
      await (rig as OwnRig).serveOwn(
        async (app: FastifyInstance, lifecycle: FastifyLifecycle) => {
          await app.register(lifecycle.plugin)
          app.setErrorHandler((error: Error, _request, reply) => {
            errors++
            void reply.code(503).send({ error: error.message ?? error })
          })
          app.addHook('onRequest', async (request) => {
            request.exchange.beforeCommit(request.url === '/no-error' ? () => Promise.reject('refused') : refused)
          })
          app.get('/no-error', async () => ({ a: 'secret' }))
          app.get('/returned', async (_request, reply) => {
            reply.header('etag', '"secret"')
            return { a: 'secret' }
          })
          app.get('/sent', (_request, reply) => void reply.type('text/plain').send('a secret'))
          app.get('/stream', (_request, reply) => reply.send(new Blob(['a secret']).stream()))
        },
        async (app) => {
          for (const [index, path] of ['/returned', '/sent', '/stream', '/no-error'].entries()) {
            const { status, headers, body } = await app.ask(path)
            assert.deepEqual([status, JSON.parse(body), headers['etag']], [503, { error: 'refused' }, undefined], path)
            assert.equal(errors, index + 1)
            assert.equal(String((await app.outcome(index + 1)).error), path === '/no-error' ? 'refused' : 'Error: refused')
          }
          assert.deepEqual(app.faults, [])
        },
      )
    },
  },
  {
    id: 'BCM-026',
    title: 'MUST take a held reply for a claim where the guard is on, and still show the error page of one that is refused',
    needs: ['express'],
    run: async (rig) => {
      let later = 0
      await (rig as OwnRig).serveOwn(
        (app: Express, lifecycle: ExpressLifecycle) => {
          app.use(lifecycle.middleware)
          app.get(['/passes', '/refused'], (req, res, next) => {
            if (req.path === '/refused') req.exchange.beforeCommit(refused)
            res.json({ first: true })
            next()
          })
          // Mounted again, while the reply is held or not.
          app.use(lifecycle.middleware)
          app.use((_req, res) => {
            later++
            res.send('second')
          })
          app.use(tell('last'))
        },
        async (app) => {
          const passed = await app.ask('/passes')
          assert.deepEqual([passed.status, passed.body, passed.headers['x-hook']], [200, '{"first":true}', 'yes'])
          const { status, body } = await app.ask('/refused')
          assert.deepEqual([status, JSON.parse(body).error], [503, 'refused'])
          assert.equal(later, 0)
          assert.deepEqual(app.faults, [])
        },
        {
          guard: true,
          callSites: false,
          beforeCommit: async (head) => {
            await new Promise((resolve) => setImmediate(resolve))
            head.setHeader('x-hook', 'yes')
          },
        },
      )
    },
  },
]
