import assert from 'node:assert/strict'
import { after, current } from '@afterword/adapter-express'
import type { Rule } from '../rule.js'
import { serve } from './express-own.js'

const needs = ['express'] as const

function reply(req: { exchange?: unknown }, res: { send(body: string): unknown }): void {
  res.send(req.exchange === undefined ? 'none' : 'begun')
}

/** Where the middleware is mounted. */
export const expressMountRules: readonly Rule[] = [
  {
    id: 'EXP-020',
    title: 'MUST begin one exchange per request, however often the middleware is mounted',
    needs,
    run: async (rig) => {
      const ids = new Set<string>()
      let tasks = 0
      await serve(
        rig,
        (app, lifecycle, express) => {
          app.use(lifecycle.middleware)
          app.use(lifecycle.middleware)
          const sub = express()
          sub.use(lifecycle.middleware)
          const router = express.Router()
          router.use(lifecycle.middleware)
          router.get('/', (req, res) => {
            ids.add(req.exchange.id)
            ids.add(String(current()?.id))
            after(() => tasks++)
            res.send('hello')
          })
          sub.use('/router', router)
          app.use('/sub', sub)
        },
        async (app) => {
          await app.ask('/sub/router')
          await app.lifecycle.idle()
          assert.deepEqual([app.outcomes.length, ids.size, tasks], [1, 1, 1])
          assert.equal(app.outcomes[0]?.route, '/sub/router/')
        },
      )
    },
  },
  {
    id: 'EXP-021',
    title: 'MUST begin exchanges for the requests of a sub-application only, if it is mounted there, with the whole url',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app, lifecycle, express) => {
          const sub = express()
          sub.use(lifecycle.middleware)
          sub.get('/inside', (_req, res) => void res.send('inside'))
          app.use('/sub', sub)
          app.get('/outside', (req, res) => void res.send(String(req.exchange)))
        },
        async (app) => {
          assert.equal((await app.ask('/outside')).body, 'undefined')
          await app.ask('/sub/inside?a=1')
          const outcome = await app.outcome()
          assert.deepEqual([outcome.url, outcome.route], ['/sub/inside?a=1', '/sub/inside'])
          assert.equal(app.outcomes.length, 1)
        },
      ),
  },
  {
    id: 'EXP-022',
    title: 'MUST begin one exchange when the server is attached as well, and tell its route',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.get('/:name', (_req, res) => void res.send('hello'))
        },
        async (app) => {
          ;(app.lifecycle as unknown as { attach(server: unknown): void }).attach(app.server)
          await app.ask('/you')
          assert.equal((await app.outcome()).route, '/:name')
          await app.lifecycle.idle()
          assert.equal(app.outcomes.length, 1)
        },
      ),
  },
  {
    id: 'EXP-023',
    title: 'MUST begin exchanges for the requests that reach the middleware only, wherever it is mounted, and whatever comes first',
    needs,
    run: async (rig) => {
      const mounts: Record<string, Parameters<typeof serve>[1]> = {
        'at a path': (app, lifecycle) => app.use('/in', lifecycle.middleware),
        'behind middleware that replies': (app, lifecycle) => {
          app.use('/out', reply as never)
          app.use(lifecycle.middleware)
        },
        'on a router': (app, lifecycle, express) => {
          const router = express.Router()
          router.use(lifecycle.middleware)
          app.use('/in', router)
        },
        "behind middleware with the name of Express's own": (app, lifecycle) => {
          app.use('/out', Object.defineProperty(reply.bind(null), 'name', { value: 'query' }) as never)
          app.use(lifecycle.middleware)
        },
        'in a list of paths': (app, lifecycle) => app.use(['/in', '/also'] as never, lifecycle.middleware),
      }
      for (const [where, mount] of Object.entries(mounts)) {
        await serve(
          rig,
          (app, lifecycle, express) => {
            mount(app, lifecycle, express)
            app.use(reply as never)
          },
          async (app) => {
            assert.deepEqual([(await app.ask('/out')).body, (await app.ask('/in')).body], ['none', 'begun'], where)
            assert.equal((await app.outcome()).url, '/in', where)
            await app.lifecycle.idle()
            assert.equal(app.outcomes.length, 1, where)
          },
        )
      }
    },
  },
  {
    id: 'EXP-024',
    title: 'MUST give every request the exchange that was begun for it, whatever Express does before the middleware',
    needs,
    run: async (rig) => {
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.use((req, res) => {
            const { exchange } = req
            res.send([exchange.url, exchange.phase, current() === exchange].join())
          })
        },
        async (app) => {
          const asked = await Promise.all(['/a', '/b?c=1', '//[', '/d'].map((url) => app.ask(url)))
          assert.deepEqual(asked.map(({ body }) => body), ['/a,handling,true', '/b?c=1,handling,true', '//[,handling,true', '/d,handling,true'])
          await app.lifecycle.idle()
          assert.equal(app.outcomes.length, 4)
        },
      )
      // Express 4 parses the query before the middleware, and this is where it may fail.
      await serve(
        rig,
        (app, lifecycle, express) => {
          const sub = express()
          sub.set('env', 'test')
          sub.set('query parser', () => {
            throw new Error('no query')
          })
          sub.use(lifecycle.middleware)
          sub.use(reply as never)
          app.use('/sub', (req, res) => void sub(Object.defineProperty(req, 'query', { value: undefined, writable: true }), res))
          app.use('/own', lifecycle.middleware, (req, res) => void res.send(req.exchange?.url))
        },
        async (app) => {
          await app.ask('/sub?a=1')
          assert.equal((await app.ask('/own')).body, '/own')
          await app.lifecycle.idle()
          assert.deepEqual(app.outcomes.map(({ url }) => url), ['/sub?a=1', '/own'])
        },
      )
    },
  },
]
