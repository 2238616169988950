import assert from 'node:assert/strict'
import { afterwards } from '@afterword/adapter-express'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { serve } from './express-own.js'
import { guarded, Trace, turns } from './guard-express.js'

const needs = ['express'] as const
const failure = new Error('too late')

/** What still runs after the claim, on Express. */
export const guardExpressErrorRules: readonly Rule[] = [
  {
    id: 'GRD-030',
    title: 'MUST send an error that comes after the end to the sink, once, and keep the connection, also for what is pipelined',
    needs,
    run: async (rig) => {
      for (const how of ['next', 'throw', 'reject', 'late', 'route']) {
        const late = gate()
        await serve(
          rig,
          (app, lifecycle, express) => {
            app.use(lifecycle.middleware)
            const router = express.Router()
            app.use(router)
            router.use('/fails', (_req, res, next) => {
              res.send('first.')
              if (how === 'throw') throw failure
              if (how === 'next') next(failure)
              if (how === 'late') void late.opened.then(() => next(failure))
              // Express 4 does not look at what a handler returns.
              if (how === 'reject') return Promise.reject(failure).catch(rig.name === 'express4' ? next : undefined)
              if (how === 'route') next('route')
              return undefined
            })
            app.use('/next', (_req, res) => void res.send('second.'))
          },
          async (app) => {
            const client = new RawClient(app.port)
            await client.send('GET /fails HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n')
            await client.until(/second\./)
            late.open()
            if (how !== 'route') {
              const { error, fault } = await app.fault()
              assert.equal(error, failure)
              assert.equal(fault.source, 'handler')
              assert.equal(fault.outcome?.kind, 'finished')
            }
            await app.outcome(2)
            await client.request('GET', '/next')
            await client.until(/second\.[^]*second\./)
            await app.lifecycle.idle()
            assert.equal(app.faults.length, how === 'route' ? 0 : 1, how)
            assert.deepEqual(app.outcomes.map(({ kind }) => kind), ['finished', 'finished', 'finished'])
            client.leave()
          },
          guarded,
        )
      }
    },
  },
  {
    id: 'GRD-031',
    title: 'MUST run error middleware after the claim, in order, and report what it passes on or answers, once',
    needs,
    run: async (rig) => {
      const cases = {
        'passes on': { act: (_res, next, error) => next(error), faults: 1 },
        'passes on another': { act: (_res, next) => next(new Error('another')), faults: 1 },
        replies: { act: (res) => res.status(500).send('sorry'), faults: 1 },
        'replies and passes on': {
          act: (res, next, error) => {
            res.status(500).send('sorry')
            next(error)
          },
          faults: 1,
        },
        'takes it': { act: () => {}, faults: 0 },
        'goes on without it': { act: (_res, next) => next(), faults: 0 },
      } satisfies Record<string, { act: (...args: [Parameters<ErrorRequestHandler>[2], Parameters<ErrorRequestHandler>[3], unknown]) => unknown; faults: number }>
      for (const [name, { act, faults }] of Object.entries(cases)) {
        const trace = new Trace()
        await serve(
          rig,
          (app, lifecycle) => {
            app.use(lifecycle.middleware)
            app.use(trace.reply('f1', failure))
            app.use(((error, _req, res, next) => {
              trace.ran.push(`first ${error === failure} ${res.headersSent}`)
              next(error)
            }) satisfies ErrorRequestHandler)
            app.use(trace.pass('behind'))
            app.use(((error, _req, res, next) => {
              trace.ran.push('second')
              act(res, next, error)
            }) satisfies ErrorRequestHandler)
            app.use(trace.pass('behind too'))
          },
          async (app) => {
            const client = new RawClient(app.port)
            await client.request('GET', '/')
            await client.until(/f1$/)
            await app.outcome()
            if (faults > 0) await app.fault()
            await app.lifecycle.idle()
            await client.request('GET', '/again')
            await client.until(/f1[^]*f1$/)
            await app.outcome(2)
            if (faults > 0) await app.fault(2)
            await app.lifecycle.idle()
            assert.deepEqual(trace.ran.slice(0, 3), ['f1', 'first true true', 'second'], name)
            assert.equal(trace.ran.length, 6, name)
            assert.equal(app.faults.length, faults * 2, name)
            if (faults > 0) assert.equal(app.faults[0]?.error === failure, name !== 'passes on another', name)
            client.leave()
          },
          guarded,
        )
      }
    },
  },
  {
    id: 'GRD-032',
    title: 'MUST destroy a response that fails between its head and its end, whatever error middleware makes of it, and report that once',
    needs,
    run: async (rig) => {
      for (const act of ['passes on', 'replies', 'takes it']) {
        await serve(
          rig,
          (app, lifecycle) => {
            app.use(lifecycle.middleware)
            app.use((_req, res, next) => {
              res.write('a part', () => next(failure))
            })
            app.use(((error, _req, res, next) => {
              if (act === 'passes on') next(error)
              if (act === 'replies') res.status(500).send('sorry')
            }) satisfies ErrorRequestHandler)
          },
          async (app) => {
            const client = new RawClient(app.port)
            await client.request('GET', '/')
            await client.gone()
            assert.match(client.received, /a part/)
            assert.doesNotMatch(client.received, /\r\n0\r\n|sorry/)
            const { kind, reason, position } = await app.outcome()
            assert.deepEqual([kind, reason, position], ['aborted', 'server', 'mid-response'])
            if (act !== 'takes it') await app.fault()
            await app.lifecycle.idle()
            assert.deepEqual(app.faults.map(({ error }) => error), act === 'takes it' ? [] : [failure])
          },
          guarded,
        )
      }
    },
  },
  {
    id: 'GRD-033',
    title: 'MUST report a late error once with errorMiddleware mounted, too',
    needs,
    run: async (rig) => {
      const trace = new Trace()
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.use(trace.reply('f1', failure))
          app.use(lifecycle.errorMiddleware)
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'f1')
          await app.fault()
          await app.lifecycle.idle()
          assert.deepEqual(app.faults.map(({ error }) => error), [failure])
        },
        guarded,
      )
    },
  },
  {
    id: 'GRD-034',
    title: 'MUST run middleware marked afterwards() in its place, after the claim and without one, and nothing else after the claim',
    needs,
    run: async (rig) => {
      const trace = new Trace()
      await serve(
        rig,
        (app, lifecycle, express) => {
          const inner = express()
          const router = express.Router()
          app.use(lifecycle.middleware)
          app.use('/reply', trace.reply('reply'))
          app.use(trace.pass('skipped 1'))
          app.use(afterwards(trace.pass('marked 1')))
          router.param('id', trace.pass('skipped param') as never)
          router.get('/reply/:id', trace.pass('skipped 2'), afterwards(trace.pass('marked 2')), trace.pass('skipped 3'))
          router.get('/reply/:id', trace.pass('skipped 4'))
          app.use(router)
          inner.use(trace.pass('skipped 5'), afterwards(trace.pass('marked 3')))
          app.use(inner)
          app.use(afterwards(trace.pass('marked 4')), trace.pass('skipped 6'))
          app.get('/plain', (_req, res) => void res.send('plain'))
        },
        async (app) => {
          const marked = ['marked 1', 'marked 2', 'marked 3', 'marked 4']
          for (const round of [1, 2]) {
            assert.equal((await app.ask('/reply/7')).body, 'reply')
            await app.outcome(round)
            await turns()
            assert.deepEqual(trace.ran.splice(0), ['reply', ...marked])
          }
          assert.equal((await app.ask('/plain')).body, 'plain')
          assert.deepEqual(trace.ran.splice(0), ['skipped 1', 'marked 1', 'skipped 5', 'marked 3', 'marked 4', 'skipped 6'])
          await app.ask('/reply/7', { method: 'OPTIONS' })
          await turns()
          assert.deepEqual(trace.ran.slice(0, 2), ['reply', 'marked 1'])
          assert.deepEqual(app.faults, [])
        },
        guarded,
      )
    },
  },
  {
    id: 'GRD-035',
    title: 'MUST tell the route that replied in the outcome, also where marked middleware runs behind it',
    needs,
    run: async (rig) => {
      const trace = new Trace()
      const wentOn = gate()
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.get('/a', (_req, res, next) => {
            res.write('a part')
            setImmediate(() => {
              next()
              res.end()
            })
          })
          app.get('/:other', trace.pass('other'))
          app.use(afterwards<RequestHandler>((_req, _res, next) => {
            wentOn.open()
            next()
          }))
        },
        async (app) => {
          await app.ask('/a')
          await wentOn.opened
          assert.equal((await app.outcome()).route, '/a')
          assert.deepEqual(trace.ran, [])
        },
        guarded,
      )
    },
  },
  {
    id: 'GRD-036',
    title: 'MUST report what marked middleware replies as a second reply',
    needs,
    run: async (rig) => {
      const trace = new Trace()
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.use(trace.reply('f1'))
          app.use(afterwards(trace.reply('marked')))
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'f1')
          const { error } = await app.fault()
          assert.equal((error as { code?: string }).code, 'ERR_LIFECYCLE_DOUBLE_REPLY')
          await app.lifecycle.idle()
          assert.deepEqual([trace.ran, app.faults.length], [['f1', 'marked'], 1])
        },
        guarded,
      )
    },
  },
]
