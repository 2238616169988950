import assert from 'node:assert/strict'
import { afterwards, compose, type ErrorMiddleware, type Middleware } from '@afterword/adapter-node'
import { gate } from '../latch.js'
import type { Call, CallHandler } from '../rig.js'
import type { Rule } from '../rule.js'
import { codes, doubleReply } from './guard-reply.js'

const guarded = { guard: true, callSites: false } as const
const failure = new Error('it went wrong')

/** Runs a chain as the handler of a rule, on whatever server. */
function chain(...middleware: Middleware[]): CallHandler
function chain(...middleware: (Middleware | ErrorMiddleware)[]): CallHandler
function chain(...middleware: (Middleware | ErrorMiddleware)[]): CallHandler {
  const composed = compose(...middleware)
  return ({ req, res }: Call) => composed(req as Parameters<typeof composed>[0], res)
}

/** Middleware that leaves its name in a list. */
function passing(ran: string[], name: string): Middleware {
  return (_req, _res, next) => {
    ran.push(name)
    next()
  }
}

/** Middleware that replies, and goes on all the same. */
function replying(ran: string[], name: string, error?: unknown): Middleware {
  return (_req, res, next) => {
    ran.push(name)
    res.end(name)
    next(error)
  }
}

const fails: Middleware = (req, _res, next) => {
  if (req.url === '/throws') throw failure
  if (req.url === '/rejects') return Promise.reject(failure)
  return next(failure)
}
const never: Middleware = (_req, res) => void res.end('never')

const wrong: ErrorMiddleware = (_error, _req, res, _next) => void res.end('from before')

const take: ErrorMiddleware = (_error, _req, res, _next) => {
  res.statusCode = 418
  res.end('taken')
}

/** Chains on `node:http` and `node:http2`; and in the handler of a framework, which is no different. */
export const guardComposeRules: readonly Rule[] = [
  {
    id: 'GRD-040',
    title: 'MUST run a chain in its order, async or not and within other chains, and answer 404 where nobody replied',
    run: async (rig) => {
      const ran: string[] = []
      const inner = compose(passing(ran, 'inner 1'), passing(ran, 'inner 2'))
      await rig.serve(
        chain(
          passing(ran, 'first'),
          async (_req, _res, next) => {
            await new Promise((resolve) => setImmediate(resolve))
            ran.push('async')
            next()
          },
          inner,
          ((_error, _req, _res, _next) => ran.push('never')) satisfies ErrorMiddleware as never,
          (req, res, next) => {
            ran.push('last')
            if (req.url === '/found') res.end('found')
            else next()
          },
        ),
        async (app) => {
          assert.equal((await app.ask('/found')).body, 'found')
          const { status, body } = await app.ask('/missing')
          assert.deepEqual([status, body], [404, 'Not Found\n'])
          const names = ['first', 'async', 'inner 1', 'inner 2', 'last']
          assert.deepEqual(ran, [...names, ...names])
          assert.deepEqual(app.faults, [])
        },
      )
    },
  },
  {
    id: 'GRD-041',
    title: 'MUST take errors, thrown, rejected or given to next, to the error middleware behind them, and what nobody takes to listener()',
    needs: ['listener'],
    run: async (rig) => {
      for (const [taken, nested] of [[true, true], [true, false], [false, true], [false, false]]) {
        const seen: unknown[] = []
        const passOn: ErrorMiddleware = (error, _req, _res, next) => {
          seen.push(error)
          next(error)
        }
        await rig.serve(
          chain(wrong, nested ? compose(fails, never) : fails, never, passOn, never, ...(taken ? [take] : []), never),
          async (app) => {
            for (const path of ['/throws', '/rejects', '/next']) {
              const { status, body } = await app.ask(path)
              assert.equal(status, taken ? 418 : 500)
              if (taken) assert.equal(body, 'taken')
            }
            await app.lifecycle.idle()
            assert.deepEqual(seen, [failure, failure, failure])
            assert.deepEqual(app.faults.map(({ error }) => error), taken ? [] : seen)
          },
        )
      }
    },
  },
  {
    id: 'GRD-042',
    title: 'MUST run nothing of a chain behind the reply with the guard, but what is marked afterwards(), also in chains within it, and everything without the guard',
    run: async (rig) => {
      for (const guard of [true, false]) {
        const ran: string[] = []
        const marked = (name: string) => afterwards(passing(ran, name))
        const inner = compose(passing(ran, 'i1'), marked('marked 1'), passing(ran, 'i2'))
        const replies = compose(passing(ran, 'f1'), replying(ran, 'f2'), passing(ran, 'f3'), marked('marked 0'))
        const ended = gate()
        await rig.serve(
          chain(replies, passing(ran, 'f4'), inner, passing(ran, 'f5'), marked('marked 2'), passing(ran, 'f6'), afterwards(() => ended.open())),
          async (app) => {
            assert.equal((await app.ask()).body, 'f2')
            await ended.opened
            const all = ['f1', 'f2', 'f3', 'marked 0', 'f4', 'i1', 'marked 1', 'i2', 'f5', 'marked 2', 'f6']
            assert.deepEqual(ran, guard ? ['f1', 'f2', 'marked 0', 'marked 1', 'marked 2'] : all)
            await app.lifecycle.idle()
            assert.deepEqual(app.faults, [])
          },
          { guard, callSites: false },
        )
      }
    },
  },
  {
    id: 'GRD-043',
    title: 'MUST run error middleware of a chain after the claim, and report what it passes on or answers, once',
    needs: ['listener'],
    run: async (rig) => {
      for (const act of ['passes on', 'replies', 'takes it', 'is not there']) {
        const ran: string[] = []
        const handle: ErrorMiddleware = (error, _req, res, next) => {
          ran.push('error')
          if (act === 'replies') res.writeHead(500).end('sorry')
          if (act === 'passes on') next(error)
        }
        await rig.serve(
          chain(replying(ran, 'f1', failure), passing(ran, 'f2'), ...(act === 'is not there' ? [] : [handle])),
          async (app) => {
            assert.equal((await app.ask()).body, 'f1')
            await app.outcome()
            if (act !== 'takes it') assert.equal((await app.fault()).fault.source, 'handler')
            await app.lifecycle.idle()
            assert.deepEqual(ran, act === 'is not there' ? ['f1'] : ['f1', 'error'])
            assert.deepEqual(app.faults.map(({ error }) => error), act === 'takes it' ? [] : [failure])
          },
          guarded,
        )
      }
    },
  },
  {
    id: 'GRD-044',
    title: 'MUST report an error that comes when a chain has come to its end, and one that comes a second time',
    needs: ['listener'],
    run: async (rig) => {
      const late = gate()
      await rig.serve(
        chain(
          async (_req, _res, next) => {
            next()
            await late.opened
            throw failure
          },
          (_req, res) => void res.end('hello'),
        ),
        async (app) => {
          assert.equal((await app.ask()).body, 'hello')
          await app.outcome()
          late.open()
          assert.equal((await app.fault()).error, failure)
        },
      )
      const ended = gate()
      await rig.serve(
        chain((_req, _res, next) => {
          next()
          void ended.opened.then(() => next(failure))
          throw failure
        }),
        async (app) => {
          assert.equal((await app.ask()).status, 404)
          await app.outcome()
          await app.fault(1)
          ended.open()
          await app.fault(2)
          assert.deepEqual(app.faults.map(({ error }) => error), [failure, failure])
        },
        guarded,
      )
    },
  },
  {
    id: 'GRD-045',
    title: 'MUST report what middleware behind the reply of a chain replies as a second reply',
    run: async (rig) => {
      const ran: string[] = []
      await rig.serve(
        chain(replying(ran, 'f1'), afterwards(replying(ran, 'f2'))),
        async (app) => {
          assert.equal((await app.ask()).body, 'f1')
          await app.fault()
          await app.lifecycle.idle()
          assert.deepEqual([ran, codes(app)], [['f1', 'f2'], [doubleReply]])
        },
        guarded,
      )
    },
  },
]
