import assert from 'node:assert/strict'
import type { ErrorRequestHandler, RequestHandler, Response } from 'express'
import { RawClient } from '../client.js'
import { settled } from '../landing.js'
import { gate, Latch } from '../latch.js'
import type { Rule } from '../rule.js'
import { withStderr } from '../stderr.js'
import { serve } from './express-own.js'

const needs = ['express'] as const
const failure = new Error('the second step')
const other = new Error('another')

/** Tells of every error that it gets, and whether the head was sent. */
function listening(told: Latch<unknown[]>, name = 'app'): ErrorRequestHandler {
  return (error, req, res, _next) => void told.add([name, error, res.headersSent, req.url])
}

/** The same, but passes the error on. */
function passing(told: Latch<unknown[]>, name: string): ErrorRequestHandler {
  return (error, req, res, next) => {
    listening(told, name)(error, req, res, next)
    // It would answer, if it could.
    if (name === 'router') res.status(500).json({ sorry: true })
    next(error)
  }
}

/** Replies, and fails behind that as often as it is told to. */
function failing(...errors: readonly unknown[]): RequestHandler {
  return (_req, res, next) => {
    res.send(`${errors.length} errors. `)
    for (const error of errors) void Promise.resolve().then(() => Promise.reject(error)).catch(next)
  }
}

/** Everything that can be done to a response. */
const writes: Record<string, (res: Response) => unknown> = {
  status: (res) => res.status(500),
  statusCode: (res) => (res.statusCode = 500),
  statusMessage: (res) => (res.statusMessage = 'Changed'),
  send: (res) => res.send('again'),
  json: (res) => res.json({ again: true }),
  jsonp: (res) => res.jsonp({ again: true }),
  sendStatus: (res) => res.sendStatus(500),
  sendFile: (res) => res.sendFile(import.meta.filename),
  download: (res) => res.download(import.meta.filename),
  redirect: (res) => res.redirect('/elsewhere'),
  set: (res) => res.set('x-late', 'yes'),
  append: (res) => res.append('x-late', 'yes'),
  type: (res) => res.type('html'),
  cookie: (res) => res.cookie('late', 'yes'),
  clearCookie: (res) => res.clearCookie('late'),
  location: (res) => res.location('/elsewhere'),
  vary: (res) => res.vary('accept'),
  attachment: (res) => res.attachment('late.txt'),
  links: (res) => res.links({ next: '/elsewhere' }),
  format: (res) => res.format({ default: () => res.send('again') }),
  setHeader: (res) => res.setHeader('x-late', 'yes'),
  appendHeader: (res) => res.appendHeader('x-late', 'yes'),
  removeHeader: (res) => res.removeHeader('content-length'),
  writeHead: (res) => res.writeHead(500, { 'x-late': 'yes' }),
  flushHeaders: (res) => res.flushHeaders(),
  write: (res) => assert.equal(res.write('again'), true),
  end: (res) => res.end('again'),
  addTrailers: (res) => res.addTrailers({ 'x-late': 'yes' }),
  writeContinue: (res) => res.writeContinue(),
  writeEarlyHints: (res) => res.writeEarlyHints({ link: '</late.css>' }),
  destroy: (res) => res.destroy(),
  cork: (res) => res.cork(),
  uncork: (res) => res.uncork(),
}

/** `faultsTo`: what comes too late for an answer goes through the error middleware of the application. */
export const expressRelayRules: readonly Rule[] = [
  {
    id: 'FLT-140',
    title: 'MUST send every late error through the error middleware of the application, and answer what comes behind it on the connection',
    needs,
    run: async (rig) => {
      for (const [pipelined, guard] of [[true, false], [false, false], [true, true]] as const) {
        const told = new Latch<unknown[]>()
        const failed = gate()
        await withStderr(async (stderr) => {
          await serve(
            rig,
            (app, lifecycle) => {
              // The default handler would say something.
              app.set('env', 'production')
              lifecycle.faultsTo(app)
              app.use(lifecycle.middleware)
              app.get('/', failing(failure, other))
              // What is pipelined waits, so that a socket that is destroyed takes it along.
              app.get('/next', (_req, res) => void failed.opened.then(() => res.send('second')))
              app.use(listening(told))
            },
            async (app) => {
              const client = new RawClient(app.port)
              const next = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n'
              await client.send(`GET / HTTP/1.1\r\nHost: a\r\n\r\n${pipelined ? next : ''}`)
              await client.until(/200 OK[^]*2 errors/)
              await told.nth(2)
              // Express calls its last handler in a later turn.
              for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
              failed.open()
              if (!pipelined) await client.send(next)
              await client.until(/200 OK[^]*200 OK[^]*second/)
              client.leave()
              await settled(app)
              assert.deepEqual(told.items, [['app', failure, true, '/'], ['app', other, true, '/']])
              assert.deepEqual([app.faults, stderr.items], [[], []])
              assert.deepEqual(app.outcomes.map(({ kind, status }) => [kind, status]), [['finished', 200], ['finished', 200]])
            },
            { guard },
          )
        })
      }
    },
  },
  {
    id: 'FLT-141',
    title: 'MUST make everything inert that error middleware does to a response that is over',
    needs,
    run: async (rig) => {
      for (const [name, write] of Object.entries(writes)) {
        let did: unknown
        await serve(
          rig,
          (app, lifecycle) => {
            lifecycle.faultsTo(app)
            app.use(lifecycle.middleware)
            app.get('/', failing(failure))
            app.get('/next', (_req, res) => void res.send('second'))
            app.use(((_error, _req, res, _next) => {
              try {
                write(res)
                did = [res.headersSent, res.statusCode, res.getHeader('x-late')]
              } catch (error) {
                did = error
              }
            }) satisfies ErrorRequestHandler)
          },
          async (app) => {
            const client = new RawClient(app.port)
            await client.request('GET', '/')
            await client.until(/1 errors/)
            await settled(app)
            await client.request('GET', '/next')
            const received = await client.until(/second/)
            client.leave()
            assert.deepEqual(did, [true, 200, undefined], name)
            assert.doesNotMatch(received, /again|late|HTTP\/1.1 [1345]/)
            assert.equal(app.faults.length, 0, name)
          },
        )
      }
    },
  },
  {
    id: 'FLT-142',
    title: 'MUST give what error middleware passes on or throws to the next one, and what the last one does to the sink, once',
    needs,
    run: async (rig) => {
      // The last one passes on and throws the same, which is one error.
      const last: ErrorRequestHandler[] = [
        (error, _req, _res, next) => next(error),
        (error) => {
          throw error
        },
        (error, _req, _res, next) => {
          next(error)
          throw error
        },
        (error) => Promise.reject(error),
        (_error, _req, _res, next) => next(other),
      ]
      for (const [index, handler] of last.entries()) {
        const told = new Latch<unknown[]>()
        await serve(
          rig,
          (app, lifecycle) => {
            lifecycle.faultsTo(app)
            app.use(lifecycle.middleware)
            app.get('/', failing(failure))
            app.use(((error, req, res, next) => {
              told.add(['first', error, res.headersSent, req.url])
              next(error)
            }) satisfies ErrorRequestHandler)
            // Express tells error middleware by its four arguments.
            app.use(((error, req, res, next) => handler(error, req, res, next)) satisfies ErrorRequestHandler)
          },
          async (app) => {
            assert.equal((await app.ask()).status, 200)
            await app.fault()
            await settled(app)
            assert.deepEqual(told.items, [['first', failure, true, '/']])
            const expected = index === 4 ? other : failure
            assert.deepEqual(app.faults.map(({ error, fault }) => [error, fault.source, fault.outcome?.status]), [[expected, 'handler', 200]])
          },
        )
      }
    },
  },
  {
    id: 'FLT-143',
    title: 'MUST send late errors through the error middleware of routers and sub-applications, as Express does, and end at the sink',
    needs,
    run: async (rig) => {
      const told = new Latch<unknown[]>()
      await serve(
        rig,
        (app, lifecycle, express) => {
          lifecycle.faultsTo(app)
          app.use(lifecycle.middleware)
          const sub = express()
          const router = express.Router()
          router.get('/thing', failing(failure))
          router.use(passing(told, 'router'))
          sub.use('/inner', router)
          sub.use(passing(told, 'sub'))
          app.use('/outer', sub)
          app.use('/elsewhere', passing(told, 'elsewhere'))
          app.use(passing(told, 'app'))
        },
        async (app) => {
          const client = new RawClient(app.port)
          for (let n = 1; n <= 2; n++) {
            await client.request('GET', '/outer/inner/thing')
            await app.fault(n)
          }
          await settled(app)
          const once = [['router', failure, true, '/thing'], ['sub', failure, true, '/inner/thing'], ['app', failure, true, '/outer/inner/thing']]
          assert.deepEqual(told.items, [...once, ...once])
          assert.deepEqual(app.faults.map(({ error, fault }) => [error, fault.source]), [[failure, 'handler'], [failure, 'handler']])
          client.leave()
        },
      )
    },
  },
  {
    id: 'FLT-144',
    title: 'MUST send the faults of tasks through the error middleware if that was asked for, with their request, and not otherwise',
    needs,
    run: async (rig) => {
      for (const tasks of [true, false]) {
        for (const passesOn of [true, false]) {
          const told = new Latch<unknown[]>()
          await serve(
            rig,
            (app, lifecycle, express) => {
              lifecycle.faultsTo(app, { tasks })
              app.use(lifecycle.middleware)
              const router = express.Router()
              router.get('/orders', (req, res) => {
                for (const error of [failure, other]) req.exchange.after(() => Promise.reject(error), { name: 'receipt' })
                res.send('done')
              })
              app.use('/shop', router)
              app.use(((error, req, res, next) => {
                told.add([error, res.headersSent, req.originalUrl, req.url, req.baseUrl])
                if (passesOn) next(error)
                else res.send('again')
              }) satisfies ErrorRequestHandler)
            },
            async (app) => {
              const client = new RawClient(app.port)
              await client.request('GET', '/shop/orders')
              await client.until(/done/)
              await settled(app)
              const row = [true, '/shop/orders', '/shop/orders', '']
              assert.deepEqual(told.items, tasks ? [[failure, ...row], [other, ...row]] : [])
              const faults = app.faults.map(({ error, fault }) => [error, fault.source, fault.task, fault.route])
              const sunk = [[failure, 'task', 'receipt', '/shop/orders'], [other, 'task', 'receipt', '/shop/orders']]
              assert.deepEqual(faults, tasks && !passesOn ? [] : sunk)
              await client.request('GET', '/shop/orders')
              await client.until(/done[^]*done/)
              client.leave()
            },
          )
        }
      }
    },
  },
  {
    id: 'FLT-145',
    title: 'MUST let what Express cannot carry, such as a task that throws nothing, come down in the sink',
    needs,
    run: async (rig) => {
      const told = new Latch<unknown[]>()
      const nothings = [undefined, null, 0, '', false, true, 'route', 'router']
      await serve(
        rig,
        (app, lifecycle) => {
          lifecycle.faultsTo(app, { tasks: true })
          app.use(lifecycle.middleware)
          app.get('/', (req, res) => {
            for (const nothing of nothings) req.exchange.after(() => Promise.reject(nothing))
            res.send('done')
          })
          app.use(listening(told))
        },
        async (app) => {
          await app.ask()
          await settled(app)
          assert.deepEqual(app.faults.map(({ error }) => error), nothings)
          assert.deepEqual(told.items, [])
        },
      )
    },
  },
  {
    id: 'FLT-146',
    title: 'MUST leave errors before the head to Express, note them in the outcome, and take no middleware or page from it',
    needs,
    run: async (rig) => {
      for (const handled of [true, false]) {
        await serve(
          rig,
          (app, lifecycle) => {
            lifecycle.faultsTo(app)
            app.use(lifecycle.middleware)
            app.get('/', () => {
              throw failure
            })
            if (handled) app.use(((error: Error, _req, res, _next) => void res.status(418).send(error.message)) satisfies ErrorRequestHandler)
          },
          async (app) => {
            const { status, body } = await app.ask()
            assert.equal(status, handled ? 418 : 500)
            assert.match(body, /the second step/)
            assert.equal((await app.outcome(1)).error, failure)
            assert.equal((await app.ask('/nowhere')).status, 404)
            await settled(app)
            assert.deepEqual(app.faults, [])
          },
        )
      }
    },
  },
  {
    id: 'FLT-147',
    title: 'MUST leave applications alone that no lifecycle sends faults to, and requests without an exchange',
    needs,
    run: async (rig) => {
      const told = new Latch<unknown[]>()
      await serve(
        rig,
        (app, lifecycle, express) => {
          lifecycle.faultsTo(app)
          // Behind no mount: Express does what it always does.
          app.get('/bare', failing(failure))
          app.get('/fails', () => {
            throw failure
          })
          app.use('/other', express().get('/', failing(failure)))
          app.use(((error, _req, res, next) => {
            told.add([error, res.headersSent])
            next(error)
          }) satisfies ErrorRequestHandler)
        },
        async (app) => {
          for (const path of ['/bare', '/other']) {
            const client = new RawClient(app.port)
            await client.request('GET', path)
            // Its default handler destroys the connection.
            await client.gone()
          }
          assert.equal((await app.ask('/fails')).status, 500)
          assert.deepEqual(told.items, [[failure, true], [failure, true], [failure, false]])
          assert.deepEqual(app.faults, [])
        },
      )
    },
  },
  {
    id: 'FLT-148',
    title: 'MUST take a late error for handled when error middleware calls next() without one, and run no handler for that',
    needs,
    run: async (rig) => {
      const told = new Latch<unknown[]>()
      let ran = 0
      await serve(
        rig,
        (app, lifecycle) => {
          lifecycle.faultsTo(app)
          app.use(lifecycle.middleware)
          app.get('/', failing(failure))
          app.use(((error, _req, res, next) => {
            told.add([error, res.headersSent])
            next()
          }) satisfies ErrorRequestHandler)
          app.use((_req, res) => {
            ran++
            res.status(404).send('not found')
          })
        },
        async (app) => {
          assert.equal((await app.ask()).status, 200)
          await told.nth(1)
          await settled(app)
          assert.deepEqual([told.items, ran, app.faults], [[[failure, true]], 0, []])
        },
      )
    },
  },
]
