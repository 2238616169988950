import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { channelNames } from '@afterword/adapter-node'
import type { Application, NextFunction, Request, RequestHandler, Response, Router } from 'express'
import { gate } from '../latch.js'
import type { Rig } from '../rig.js'
import type { Rule } from '../rule.js'
import { type Build as OwnBuild, serve } from './express-own.js'

const needs = ['express'] as const
/** Without the lines on stderr. */
export const guarded = { guard: true, callSites: false } as const

/** Middleware that leave a trace. */
export class Trace {
  readonly ran: string[] = []

  /** Middleware that goes on. */
  pass(name: string): RequestHandler {
    return (_req, _res, next) => {
      this.ran.push(name)
      next()
    }
  }

  /** Middleware that replies, and goes on all the same. */
  reply(name: string, error?: unknown): RequestHandler {
    return (_req: Request, res: Response, next: NextFunction) => {
      this.ran.push(name)
      res.send(name)
      next(error)
    }
  }
}

type Build = (app: Application, trace: Trace, express: Parameters<OwnBuild>[2], lifecycle: Parameters<OwnBuild>[1]) => void

/** Express goes on in a later turn at the end of a router. */
export function turns(count = 5): Promise<void> {
  return new Promise((resolve) => setImmediate(() => (count > 1 ? void turns(count - 1).then(resolve) : resolve())))
}

/** Asks an application of its own for every path, and compares what ran. The mount is its first layer. */
async function expectRuns(rig: Rig, build: Build, expected: Readonly<Record<string, readonly string[]>>): Promise<void> {
  const trace = new Trace()
  await serve(
    rig,
    (app, lifecycle, express) => {
      app.use(lifecycle.middleware)
      build(app, trace, express, lifecycle)
    },
    async (app) => {
      // Twice: the first request is the one that meets everything for the first time.
      for (const round of [1, 2]) {
        for (const [path, names] of Object.entries(expected)) {
          trace.ran.length = 0
          await app.ask(path)
          await app.outcome(app.outcomes.length)
          await app.lifecycle.idle()
          await turns()
          assert.deepEqual(trace.ran, names, `${path}, round ${round}`)
        }
      }
      assert.deepEqual(app.faults, [])
    },
    guarded,
  )
}

/** Places for a reply that goes on, each with what may run of it. Every application ends with a layer that must not run. */
const places: Readonly<Record<string, readonly [build: Build, runs: readonly string[]]>> = {
  'a chain of middleware': [
    (app, trace) => app.use(trace.pass('f1'), trace.reply('f2'), trace.pass('f3')).use(trace.pass('f4')),
    ['f1', 'f2'],
  ],
  'a route with several handlers': [(app, trace) => app.get('/', trace.pass('h1'), [trace.reply('h2'), trace.pass('h3')], trace.pass('h4')), ['h1', 'h2']],
  'several routes': [(app, trace) => app.get('/', trace.reply('r1')).get('/', trace.pass('r2')).all('/', trace.pass('r3')), ['r1']],
  'app.route': [(app, trace) => app.route('/').all(trace.pass('all')).get(trace.reply('get')).get(trace.pass('more')), ['all', 'get']],
  'a router': [
    (app, trace, express) => {
      const router = express.Router()
      app.use(router)
      router.use(trace.pass('in 1'))
      router.get('/', trace.reply('in 2'), trace.pass('in 3'))
      router.use(trace.pass('in 4'))
    },
    ['in 1', 'in 2'],
  ],
  'a router in a router': [
    (app, trace, express) => {
      const outer = express.Router()
      const inner = express.Router()
      inner.use(trace.reply('inner'), trace.pass('inner 2'))
      outer.use('/', trace.pass('outer'), inner, trace.pass('outer 2'))
      app.use(outer)
    },
    ['outer', 'inner'],
  ],
  'an application in an application': [
    (app, trace, express) => {
      const sub = express()
      app.use(sub, trace.pass('beside'))
      sub.use(trace.pass('sub 1'), trace.reply('sub 2'), trace.pass('sub 3'))
    },
    ['sub 1', 'sub 2'],
  ],
  'an application in an application in an application': [
    (app, trace, express) => {
      const innermost = express()
      const inner = express()
      innermost.get('/', trace.reply('innermost'), trace.pass('innermost 2'))
      inner.use('/', innermost)
      inner.use(trace.pass('inner'))
      app.use('/', inner)
    },
    ['innermost'],
  ],
  'an application in a router': [
    (app, trace, express) => {
      const sub = express()
      const router = express.Router()
      sub.use(trace.reply('sub'), trace.pass('sub 2'))
      router.use(sub as unknown as Router)
      app.use(router)
    },
    ['sub'],
  ],
  'an application that goes on, and one behind it': [
    (app, trace, express) => {
      app.use(express().use(trace.pass('first')))
      app.use(express().use(trace.reply('second'), trace.pass('third')))
    },
    ['first', 'second'],
  ],
}

/** How far an application of Express runs. */
export const guardExpressRules: readonly Rule[] = [
  {
    id: 'GRD-020',
    title: 'MUST run nothing behind a middleware or handler that has replied, wherever in the application that is',
    needs,
    run: async (rig) => {
      for (const [place, [build, runs]] of Object.entries(places)) {
        const last: Build = (app, trace, express, lifecycle) => {
          build(app, trace, express, lifecycle)
          app.use(trace.pass(`behind ${place}`))
        }
        await expectRuns(rig, last, { '/': runs })
      }
    },
  },
  {
    id: 'GRD-021',
    title: "MUST stop at next('route') and next('router') as well, and say so, also where nothing is behind",
    needs,
    run: async (rig) => {
      let stops = 0
      const listener = () => void stops++
      subscribe(channelNames.nextStopped, listener)
      try {
        for (const behind of [true, false]) {
          await expectRuns(
            rig,
            (app, trace, express) => {
              const router = express.Router()
              router.use('/router', trace.reply('router', 'router'))
              app.use(router)
              app.get('/route', trace.reply('route', 'route'))
              if (behind) app.use(trace.pass('behind'))
            },
            { '/route': ['route'], '/router': ['router'] },
          )
        }
      } finally {
        unsubscribe(channelNames.nextStopped, listener)
      }
      // Two applications, two paths, two rounds.
      assert.equal(stops, 8)
    },
  },
  {
    id: 'GRD-022',
    title: 'MUST stop behind a parameter callback that has replied: no other callback, and no route',
    needs,
    run: (rig) =>
      expectRuns(
        rig,
        (app, trace) => {
          app.param('id', (_req, res, next, id) => {
            trace.ran.push(`param ${id}`)
            if (id === 'none') res.status(404).send('no such thing')
            next()
          })
          app.param('id', trace.pass('param 2') as never)
          app.get('/:id', trace.reply('route'))
          app.get('/:id', trace.pass('route 2'))
        },
        { '/none': ['param none'], '/one': ['param one', 'param 2', 'route'] },
      ),
  },
  {
    id: 'GRD-023',
    title: 'MUST stop an async handler that goes on after its reply, at once or much later',
    needs,
    run: async (rig) => {
      const late = gate()
      const wentOn = gate()
      const trace = new Trace()
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.use(async (req, res, next) => {
            await Promise.resolve()
            res.json({ path: req.path })
            if (req.path === '/late') await late.opened
            next()
            wentOn.open()
          })
          app.use(trace.pass('behind'))
        },
        async (app) => {
          assert.equal((await app.ask('/now')).body, '{"path":"/now"}')
          assert.equal((await app.ask('/late')).body, '{"path":"/late"}')
          await app.outcome(2)
          late.open()
          await wentOn.opened
          await app.lifecycle.idle()
          assert.deepEqual([trace.ran, app.faults], [[], []])
        },
        guarded,
      )
    },
  },
  {
    id: 'GRD-024',
    title: 'MUST guard what is registered before the mount, after it, and while requests come in',
    needs,
    run: async (rig) => {
      const trace = new Trace()
      let express: Application | undefined
      await serve(
        rig,
        (app, lifecycle, { Router }) => {
          express = app
          app.use('/early', trace.reply('early'))
          app.use(lifecycle.middleware)
          const router = Router()
          app.use(router)
          app.get('/add', (_req, res) => {
            app.use('/added', trace.reply('added'), trace.pass('added 2'))
            router.use('/added-to-router', trace.reply('in'), trace.pass('in 2'))
            app.use(trace.pass('behind'))
            res.end()
          })
        },
        async (app) => {
          await app.ask('/early')
          assert.deepEqual(trace.ran.splice(0), ['early'])
          await app.ask('/add')
          for (const [path, names] of [['/added', ['added']], ['/added-to-router', ['in']], ['/early', ['early']]] as const) {
            await app.ask(path)
            await app.lifecycle.idle()
            assert.deepEqual(trace.ran.splice(0), names)
          }
          assert(express !== undefined)
          assert.deepEqual(app.faults, [])
        },
        guarded,
      )
    },
  },
  {
    id: 'GRD-025',
    title: 'MUST say on a channel that next() did nothing, once for each time it was called',
    needs,
    run: async (rig) => {
      const messages: { exchange: { url: string }; claimedAt: unknown; calledAt: unknown }[] = []
      const listener = (message: unknown) => void messages.push(message as (typeof messages)[number])
      subscribe(channelNames.nextStopped, listener)
      try {
        await serve(
          rig,
          (app, lifecycle) => {
            app.use(lifecycle.middleware)
            app.use((_req, res, next) => {
              res.send('replied')
              next()
              next()
            })
            app.use((_req, _res, next) => next())
          },
          async (app) => {
            await app.ask('/why')
            await app.outcome()
            assert.deepEqual(
              messages.map(({ exchange, claimedAt, calledAt }) => [exchange.url, claimedAt, calledAt]),
              [['/why', null, null], ['/why', null, null]],
            )
          },
          guarded,
        )
      } finally {
        unsubscribe(channelNames.nextStopped, listener)
      }
    },
  },
  {
    id: 'GRD-026',
    title: 'MUST leave a chain that replies once as it is: its routing, its error page, its 404, and its introspection',
    needs,
    run: async (rig) => {
      const found: unknown[] = []
      await serve(
        rig,
        (app, lifecycle, express) => {
          app.use(lifecycle.middleware)
          const router = express.Router()
          router.get('/:id', function showInRouter(req, res) {
            res.send(`${req.baseUrl} ${req.params['id']} ${req.route.path}`)
          })
          app.use('/in', router)
          app.get('/throws', () => {
            throw new Error('on purpose')
          })
          app.use('/layers', (_req, res) => {
            const main = (app as unknown as { _router?: typeof app.router })._router ?? app.router
            found.push(...main.stack.map(({ name }) => name), main.stack.some(({ handle }) => (handle as unknown) === router), router.stack[0]?.route?.stack[0]?.name)
            res.end()
          })
        },
        async (app) => {
          assert.equal((await app.ask('/in/7')).body, '/in 7 /:id')
          assert.equal((await app.outcome()).route, '/in/:id')
          assert.match((await app.ask('/throws')).body, /on purpose/)
          const missing = await app.ask('/missing')
          assert.deepEqual([missing.status, /Cannot GET \/missing/.test(missing.body)], [404, true])
          const { headers } = await app.ask('/in/7', { method: 'OPTIONS' })
          assert.match(String(headers['allow']), /GET/)
          await app.ask('/layers')
          assert(found.includes('middleware') && !found.includes('mounted_app') && found.includes(true) && found.includes('showInRouter'), String(found))
          assert.deepEqual(app.faults, [])
        },
        guarded,
      )
    },
  },
  {
    id: 'GRD-027',
    title: 'MUST guard an application whose mount sits in a router, and one whose mount is called by other middleware',
    needs,
    run: async (rig) => {
      for (const inRouter of [true, false]) {
        const trace = new Trace()
        await serve(
          rig,
          (app, lifecycle, { Router }) => {
            if (inRouter) app.use(Router().use(lifecycle.middleware))
            else app.use((req, res, next) => lifecycle.middleware(req, res, next))
            app.use(trace.reply('f1'), trace.pass('f2'))
          },
          async (app) => {
            for (const round of [1, 2]) {
              await app.ask('/')
              await app.outcome(round)
              assert.deepEqual(trace.ran.splice(0), ['f1'])
            }
          },
          guarded,
        )
      }
    },
  },
]
