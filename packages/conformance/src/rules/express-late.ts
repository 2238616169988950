import assert from 'node:assert/strict'
import type { ErrorRequestHandler } from 'express'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { serve } from './express-own.js'

const needs = ['express'] as const
const failure = new Error('too late')

/** Errors that come when the exchange has ended. */
export const expressLateRules: readonly Rule[] = [
  {
    id: 'EXP-013',
    title: 'MUST report an error that comes after the end through errorMiddleware, and answer the next request on that connection',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.get('/late', (req, res, next) => {
            req.exchange.after(() => next(failure))
            res.send('first')
          })
          app.get('/next', (_req, res) => void res.send('second'))
          app.use(lifecycle.errorMiddleware)
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/late')
          await client.until(/first/)
          assert.equal((await app.fault()).error, failure)
          assert.equal((await app.fault()).fault.source, 'handler')
          await client.request('GET', '/next')
          await client.until(/second/)
          assert.deepEqual(app.outcomes.map(({ kind }) => kind)[0], 'finished')
          client.leave()
        },
      ),
  },
  {
    id: 'EXP-014',
    title: 'MUST NOT destroy the request that is pipelined behind a late error',
    needs,
    run: async (rig) => {
      const failed = gate()
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.get('/late', (req, res, next) => {
            req.exchange.after(() => {
              next(failure)
              // Express calls its last handler in a later turn.
              setImmediate(() => setImmediate(() => failed.open()))
            })
            res.send('first')
          })
          app.get('/next', (_req, res) => void failed.opened.then(() => res.send('second')))
          app.use(lifecycle.errorMiddleware)
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.send('GET /late HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n')
          await client.until(/second/)
          assert.deepEqual([(await app.outcome(1)).kind, (await app.outcome(2)).kind], ['finished', 'finished'])
          assert.equal(app.faults.length, 1)
          client.leave()
        },
      )
    },
  },
  {
    id: 'EXP-016',
    title: 'MUST report what a handler throws after the client has left, and call no error handler for it',
    needs,
    run: async (rig) => {
      const received = gate()
      const left = gate()
      let called = 0
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.get('/', (_req, _res, next) => {
            received.open()
            void left.opened.then(() => next(failure))
          })
          app.use(lifecycle.errorMiddleware)
          app.use(((_error, _req, res, _next) => {
            called++
            res.status(500).end()
          }) satisfies ErrorRequestHandler)
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await received.opened
          client.reset()
          assert.equal((await app.outcome()).kind, 'aborted')
          left.open()
          assert.equal((await app.fault()).error, failure)
          assert.equal(called, 0)
        },
      )
    },
  },
]
