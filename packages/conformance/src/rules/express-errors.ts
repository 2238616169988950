import assert from 'node:assert/strict'
import type { ErrorRequestHandler, NextFunction, Response } from 'express'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { serve } from './express-own.js'

const needs = ['express'] as const
const failure = new Error('it went wrong')

/** Express 4 does not look at what a handler returns. */
function rejecting(_req: unknown, _res: Response, next: NextFunction): void {
  void Promise.reject(failure).catch(next)
}

/** Errors on Express, which go to `next` and past our middleware. */
export const expressErrorRules: readonly Rule[] = [
  {
    id: 'EXP-010',
    title: 'MUST leave the default error page of Express as it is, and report nothing',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.get('/throws', () => {
            throw failure
          })
          app.get('/rejects', rejecting)
        },
        async (app) => {
          for (const [index, path] of ['/throws', '/rejects'].entries()) {
            const { status, body } = await app.ask(path)
            assert.equal(status, 500)
            assert.match(body, /it went wrong/)
            const outcome = await app.outcome(index + 1)
            assert.deepEqual([outcome.kind, outcome.status, outcome.error], ['finished', 500, undefined])
          }
          assert.equal(app.faults.length, 0)
        },
      ),
  },
  {
    id: 'EXP-011',
    title: 'MUST note the error in the outcome through errorMiddleware, and pass it on to the error handlers of the application',
    needs,
    run: async (rig) => {
      const ran: string[] = []
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.use((req, _res, next) => {
            req.exchange.after(() => ran.push('success'), { when: 'success' })
            next()
          })
          app.get('/throws', () => {
            throw failure
          })
          app.get('/rejects', rejecting)
          app.use(lifecycle.errorMiddleware)
          app.use(((error: Error, _req, res, _next) => void res.status(200).send(`sorry: ${error.message}`)) satisfies ErrorRequestHandler)
        },
        async (app) => {
          for (const [index, path] of ['/throws', '/rejects'].entries()) {
            assert.equal((await app.ask(path)).body, 'sorry: it went wrong')
            const outcome = await app.outcome(index + 1)
            assert.deepEqual([outcome.kind, outcome.status, outcome.error], ['finished', 200, failure])
          }
          await app.lifecycle.idle()
          assert.deepEqual(ran, [])
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'EXP-012',
    title: 'MUST abort as server, mid-response, when a handler fails after the head, and report it once if errorMiddleware is mounted',
    needs,
    run: async (rig) => {
      for (const mounted of [true, false]) {
        await serve(
          rig,
          (app, lifecycle) => {
            app.use(lifecycle.middleware)
            app.get('/', (_req, res, next) => {
              res.write('a part', () => next(failure))
            })
            if (mounted) app.use(lifecycle.errorMiddleware)
          },
          async (app) => {
            const client = new RawClient(app.port)
            await client.request('GET', '/')
            await client.gone()
            assert.match(client.received, /a part/)
            assert.doesNotMatch(client.received, /\r\n0\r\n/)
            const { kind, reason, position, status, error } = await app.outcome()
            assert.deepEqual({ kind, reason, position, status }, { kind: 'aborted', reason: 'server', position: 'mid-response', status: 200 })
            assert.equal(error, mounted ? failure : undefined)
            assert.deepEqual(app.faults.map((each) => each.error), mounted ? [failure] : [])
          },
        )
      }
    },
  },
  {
    id: 'EXP-015',
    title: 'MUST abort once, as client, when the client leaves half way through an upload that a body parser reads',
    needs,
    run: async (rig) => {
      for (const mounted of [true, false]) {
        const answered = gate<number>()
        await serve(
          rig,
          (app, lifecycle, express) => {
            app.use(lifecycle.middleware)
            app.use(express.json())
            app.post('/', (_req, res) => void res.send('never'))
            if (mounted) app.use(lifecycle.errorMiddleware)
            app.use(((error: { status: number }, _req, res, _next) => {
              res.status(error.status).send('bad')
              answered.open(error.status)
            }) satisfies ErrorRequestHandler)
          },
          async (app) => {
            const client = new RawClient(app.port)
            await client.request('POST', '/', ['Content-Type: application/json', 'Content-Length: 100', 'Expect: 100-continue'], '{"half":')
            await client.until(/100 Continue/)
            client.reset()
            assert.equal(await answered.opened, 400)
            const { kind, reason, position, status } = await app.outcome()
            assert.deepEqual({ kind, reason, position, status }, { kind: 'aborted', reason: 'client', position: 'before-commit', status: null })
            await app.lifecycle.idle()
            assert.deepEqual([app.outcomes.length, app.faults.length], [1, 0])
          },
        )
      }
    },
  },
  {
    id: 'EXP-017',
    title: 'MUST pass errors on through errorMiddleware where there is no exchange',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app, lifecycle) => {
          app.get('/', rejecting)
          app.use(lifecycle.errorMiddleware)
          app.use(((error: Error, _req, res, _next) => void res.send(error.message)) satisfies ErrorRequestHandler)
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'it went wrong')
          assert.equal(app.outcomes.length, 0)
        },
      ),
  },
]
