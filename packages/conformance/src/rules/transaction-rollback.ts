import assert from 'node:assert/strict'
import type { ErrorRequestHandler } from 'express'
import { RawClient } from '../client.js'
import { Journal } from '../journal.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { serve as serveExpress } from './express-own.js'
import { serve as serveFastify } from './fastify-own.js'

const failure = new Error('it went wrong')

/** What is not to be kept, though the client is there. */
export const transactionRollbackRules: readonly Rule[] = [
  {
    id: 'TXN-020',
    title: 'MUST roll back once, and not commit, when the handler fails',
    needs: ['error-page'],
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      await rig.serve(
        async ({ exchange }) => {
          await tx(exchange)
          throw failure
        },
        async (app) => {
          assert.equal((await app.ask('/')).status, 500)
          const outcome = await app.outcome()
          await app.lifecycle.idle()
          assert.deepEqual([outcome.status, outcome.transaction], [500, 'rolled-back'])
          assert.equal(journal.entries, 'begin, rollback')
        },
      )
    },
  },
  {
    id: 'TXN-021',
    title: 'MUST commit a status below 400 only',
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      await rig.serve(
        async ({ exchange, req, reply }) => {
          await tx(exchange)
          reply(Number(req.url?.slice(1)), '')
        },
        async (app) => {
          for (const [index, status] of [200, 204, 303, 399, 400, 404, 500].entries()) {
            assert.equal((await app.ask(`/${status}`)).status, status)
            assert.equal((await app.outcome(index + 1)).transaction, status < 400 ? 'committed' : 'rolled-back')
          }
          const commits = Array.from({ length: 4 }, () => 'begin, commit')
          const rollbacks = Array.from({ length: 3 }, () => 'begin, rollback')
          assert.equal(journal.entries, [...commits, ...rollbacks].join(', '))
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'TXN-022',
    title: 'MUST judge the status that the hooks have left',
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      await rig.serve(
        async ({ exchange, reply }) => {
          exchange.beforeCommit(async (head) => void (head.status = 422))
          await tx(exchange)
          reply(200, 'hello')
        },
        async (app) => {
          assert.equal((await app.ask('/')).status, 422)
          assert.equal(journal.entries, 'begin, rollback')
        },
      )
    },
  },
  {
    id: 'TXN-023',
    title: 'MUST let commitWhen decide instead of the status, sync or async, and answer one that fails with the error page',
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction({
        commitWhen: (head, exchange) => {
          if (exchange.url === '/throws') throw failure
          return exchange.url.startsWith('/async') ? Promise.resolve(head.getHeader('x-keep') !== undefined) : head.status === 409
        },
      })
      await rig.serve(
        async ({ exchange, req, reply }) => {
          await tx(exchange)
          reply(req.url === '/conflict' ? 409 : 200, 'hello', req.url === '/async' ? { 'x-keep': '1' } : {})
        },
        async (app) => {
          assert.equal((await app.ask('/conflict')).status, 409)
          assert.equal((await app.ask('/other')).status, 200)
          assert.equal((await app.ask('/async')).status, 200)
          assert.equal((await app.ask('/async-other')).status, 200)
          assert.equal((await app.ask('/throws')).status, 500)
          const turn = 'begin, commit, begin, rollback'
          assert.equal(journal.entries, [turn, turn, 'begin, rollback'].join(', '))
          assert.equal((await app.outcome(5)).error, failure)
        },
      )
    },
  },
  {
    id: 'TXN-024',
    title: 'MUST take what a rollback rejects with to the sink, and leave the reply as it is',
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction({ rollback: () => Promise.reject(failure) })
      await rig.serve(
        async ({ exchange, reply }) => {
          await tx(exchange)
          reply(404, 'not here')
        },
        async (app) => {
          const { status, body } = await app.ask('/')
          assert.deepEqual([status, body], [404, 'not here'])
          const { error, fault } = await app.fault()
          assert.deepEqual([error, fault.source, fault.task], [failure, 'task', 'transaction'])
          assert.equal((await app.outcome()).transaction, 'rolled-back')
          await app.lifecycle.idle()
          assert.equal(app.faults.length, 1)
          assert.equal(journal.entries, 'begin, rollback')
        },
      )
    },
  },
  {
    id: 'TXN-025',
    title: 'MUST roll back when a handler fails on Express, though an error handler makes a success of it, and give out that transaction no more',
    needs: ['express'],
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      let refused: unknown
      const recover: ErrorRequestHandler = (_error, req, res, _next) => {
        try {
          void tx(req.exchange)
        } catch (error) {
          refused = error
        }
        res.status(200).send('never mind')
      }
      await serveExpress(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.get('/', (req, _res, next) => void tx(req.exchange).then(() => next(failure)))
          app.use(lifecycle.errorMiddleware)
          app.use(recover)
        },
        async (app) => {
          assert.equal((await app.ask('/')).status, 200)
          const outcome = await app.outcome()
          assert.deepEqual([outcome.error, outcome.transaction], [failure, 'rolled-back'])
          assert.equal((refused as { code?: string }).code, 'ERR_LIFECYCLE_TRANSACTION_OVER')
          assert.equal(journal.entries, 'begin, rollback')
        },
      )
    },
  },
  {
    id: 'TXN-026',
    title: 'MUST roll back when a handler fails on Fastify, though an error handler makes a success of it, and give out that transaction no more',
    needs: ['fastify'],
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      let refused: unknown
      await serveFastify(
        rig,
        (app) => {
          app.setErrorHandler(async (_error, request, reply) => {
            try {
              void tx(request.exchange)
            } catch (error) {
              refused = error
            }
            return reply.code(200).send('never mind')
          })
          app.get('/', async (request) => {
            await tx(request.exchange)
            throw failure
          })
        },
        async (app) => {
          assert.equal((await app.ask('/')).status, 200)
          const outcome = await app.outcome()
          assert.deepEqual([outcome.error, outcome.transaction], [failure, 'rolled-back'])
          assert.equal((refused as { code?: string }).code, 'ERR_LIFECYCLE_TRANSACTION_OVER')
          assert.equal(journal.entries, 'begin, rollback')
        },
      )
    },
  },
  {
    id: 'TXN-030',
    title: 'MUST send nothing of a reply that waited, unfinished, when its handler failed, though an error handler of Express leaves it alone',
    needs: ['express'],
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      const failed = gate()
      let heard = 0
      const leave: ErrorRequestHandler = (_error, _req, _res, _next) => {
        heard++
        failed.open()
      }
      await serveExpress(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.get('/', (req, res, next) => {
            void tx(req.exchange).then(() => {
              req.exchange.beforeCommit(() => failed.opened)
              res.write('a part')
              next(failure)
            })
          })
          app.use(lifecycle.errorMiddleware)
          app.use(leave)
        },
        async (app) => {
          const { status, body } = await app.ask('/')
          // Express's own page: the application's handler has had its turn.
          assert.deepEqual([status, heard], [500, 1])
          assert.doesNotMatch(body, /a part/)
          assert.equal(journal.entries, 'begin, rollback')
          await app.lifecycle.idle()
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'TXN-031',
    title: 'MUST send nothing of a reply that waited, unfinished, when its handler failed, but the plain 500, and report that once',
    needs: ['handler-promise'],
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      const hooked = gate()
      const failed = gate()
      await rig.serve(
        async ({ exchange, res }) => {
          await tx(exchange)
          exchange.beforeCommit(() => (hooked.open(), failed.opened))
          res.write('a part')
          await hooked.opened
          setImmediate(failed.open)
          throw failure
        },
        async (app) => {
          const { status, body } = await app.ask('/')
          assert.deepEqual([status, body], [500, 'Internal Server Error\n'])
          await app.lifecycle.idle()
          assert.equal(journal.entries, 'begin, rollback')
          assert.deepEqual(app.faults.map(({ error }) => error), [failure])
        },
      )
    },
  },
  {
    id: 'TXN-033',
    title: 'MUST report the failure of a handler once, though the hooks of its reply go on behind the error page',
    needs: ['handler-promise', 'http1'],
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      const hooked = gate()
      const failed = gate()
      const turn = gate()
      await rig.serve(
        async ({ exchange, req, res, reply }) => {
          if (req.url === '/before') return turn.opened.then(() => reply(200, 'first'))
          await tx(exchange)
          exchange.beforeCommit(() => (hooked.open(), failed.opened))
          res.write('a part')
          await hooked.opened
          throw failure
        },
        async (app) => {
          // Queued behind another, the error page does not end the exchange.
          const client = new RawClient(app.port)
          await client.send('GET /before HTTP/1.1\r\nHost: a.test\r\n\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
          await app.fault()
          failed.open()
          await journal.noted.nth(2)
          await new Promise((resolve) => setImmediate(resolve))
          turn.open()
          const received = await client.until(/Internal Server Error/)
          assert.doesNotMatch(received, /a part/)
          client.leave()
          await app.lifecycle.idle()
          assert.equal(journal.entries, 'begin, rollback')
          assert.deepEqual(app.faults.map(({ error }) => error), [failure])
        },
      )
    },
  },
  {
    id: 'TXN-032',
    title: 'MUST keep a reply that was whole when its handler failed, and what it says',
    needs: ['handler-promise', 'reply-at-once'],
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      await rig.serve(
        async ({ exchange, reply }) => {
          await tx(exchange)
          reply(201, 'made')
          throw failure
        },
        async (app) => {
          const { status, body } = await app.ask('/')
          assert.deepEqual([status, body], [201, 'made'])
          const outcome = await app.outcome()
          assert.deepEqual([outcome.error, outcome.transaction], [failure, 'committed'])
          assert.deepEqual(app.faults.map(({ error }) => error), [failure])
          assert.equal(journal.entries, 'begin, commit')
        },
      )
    },
  },
  {
    id: 'TXN-027',
    title: 'MUST let run() come to its end before it commits or rolls back',
    run: async (rig) => {
      for (const status of [200, 404]) {
        const journal = new Journal()
        const tx = journal.transaction({ grace: Infinity })
        const replied = gate()
        const more = gate()
        await rig.serve(
          ({ exchange, reply }) =>
            tx.run(async () => {
              reply(status, 'hello')
              replied.open()
              await more.opened
              journal.noted.add('last statement')
            }, exchange),
          async (app) => {
            const asked = app.ask('/')
            await replied.opened
            for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
            assert.equal(journal.entries, 'begin')
            more.open()
            assert.equal((await asked).status, status)
            assert.equal(journal.entries, `begin, last statement, ${status === 200 ? 'commit' : 'rollback'}`)
          },
        )
      }
    },
  },
  {
    id: 'TXN-028',
    title: 'MUST not commit under a run() that goes on after the grace: roll back as in use, and answer with the error page',
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction({ grace: 1 })
      const more = gate()
      await rig.serve(
        ({ exchange, reply }) => {
          void tx.run(() => more.opened, exchange)
          return tx.run(() => reply(200, 'hello'), exchange)
        },
        async (app) => {
          assert.equal((await app.ask('/')).status, 500)
          const outcome = await app.outcome()
          assert.equal((outcome.error as { code?: string }).code, 'ERR_LIFECYCLE_TRANSACTION_IN_USE')
          assert.equal(outcome.transaction, 'rolled-back')
          more.open()
          await app.lifecycle.idle()
          assert.equal(journal.entries, 'begin, rollback in use')
        },
      )
    },
  },
  {
    id: 'TXN-029',
    title: 'MUST let run() of a handler that failed elsewhere come to its end before it rolls back',
    needs: ['error-page'],
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction({ grace: Infinity })
      const failed = gate()
      const more = gate()
      await rig.serve(
        async ({ exchange }) => {
          await tx(exchange)
          await Promise.all([
            tx.run(() => more.opened.then(() => journal.noted.add('last statement')), exchange),
            tx.run(() => (failed.open(), Promise.reject(failure)), exchange),
          ])
        },
        async (app) => {
          const asked = app.ask('/')
          await failed.opened
          for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
          assert.equal(journal.entries, 'begin')
          more.open()
          assert.equal((await asked).status, 500)
          assert.equal(journal.entries, 'begin, last statement, rollback')
        },
      )
    },
  },
]
