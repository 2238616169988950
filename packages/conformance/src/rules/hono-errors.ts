import assert from 'node:assert/strict'
import { HTTPException } from 'hono/http-exception'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { serve } from './hono-own.js'

const needs = ['hono'] as const
const failure = new Error('it went wrong')

/** What handlers throw. */
export const honoErrorRules: readonly Rule[] = [
  {
    id: 'KIT-050',
    title: 'MUST leave what is thrown before the head to app.onError, and what is no Error to the server, and note it in the outcome',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app) => {
          app.get('/', () => {
            throw failure
          })
          app.get('/refused', async () => {
            throw new HTTPException(418, { message: 'short and stout' })
          })
          app.get('/string', () => {
            throw 'a string'
          })
          app.onError((error, c) =>
            error instanceof HTTPException ? error.getResponse() : c.text(`sorry: ${error.message}`, 503, { 'x-kind': 'sorry' }),
          )
        },
        async (app, printed) => {
          const { status, body, headers } = await app.ask()
          assert.deepEqual([status, body, headers['x-kind']], [503, 'sorry: it went wrong', 'sorry'])
          const refused = await app.ask('/refused')
          assert.deepEqual([refused.status, refused.body], [418, 'short and stout'])
          assert.equal((await app.ask('/string')).status, 500)
          await app.outcome(3)
          assert.deepEqual(
            app.outcomes.map((outcome) => `${outcome.kind} ${outcome.status} ${String(outcome.error)}`),
            ['finished 503 Error: it went wrong', 'finished 418 Error: short and stout', 'finished 500 a string'],
          )
          assert.equal(app.outcomes[0]?.error, failure)
          await app.lifecycle.idle()
          assert.deepEqual([app.faults, printed], [[], []])
        },
      ),
  },
  {
    id: 'KIT-051',
    title: 'MUST report what is thrown after the head once, to the sink, destroy that response, and let nobody answer it again',
    needs,
    run: async (rig) => {
      for (const thrown of [failure, 'a string']) {
        await serve(
          rig,
          (app) => {
            app.get('/', (c) => {
              c.env.outgoing.writeHead(200)
              c.env.outgoing.write('a part')
              throw thrown
            })
          },
          async (app, printed) => {
            await assert.rejects(app.ask())
            const { kind, reason, position, status, error } = await app.outcome()
            assert.deepEqual({ kind, reason, position, status }, { kind: 'aborted', reason: 'server', position: 'mid-response', status: 200 })
            assert.equal(error, thrown)
            await app.lifecycle.idle()
            assert.deepEqual(app.faults.map((each) => [each.error, each.fault.source]), [[thrown, 'handler']])
            assert.deepEqual(printed, [])
          },
        )
      }
    },
  },
  {
    id: 'KIT-052',
    title: 'MUST report what is thrown after the end once, to the sink, and answer the next request on that connection',
    needs,
    run: async (rig) => {
      const ended = gate()
      await serve(
        rig,
        (app) => {
          app.get('/late', async (c) => {
            c.env.outgoing.writeHead(200, { 'content-length': '5' }).end('first')
            await ended.opened
            throw failure
          })
          app.get('/next', (c) => c.text('second'))
        },
        async (app, printed) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/late')
          await client.until(/first/)
          await app.outcome()
          ended.open()
          assert.equal((await app.fault()).error, failure)
          await client.request('GET', '/next')
          await client.until(/second/)
          assert.deepEqual([(await app.outcome(2)).kind, app.faults.length, printed], ['finished', 1, []])
          client.leave()
        },
      )
    },
  },
  {
    id: 'KIT-053',
    title: 'MUST report what is thrown after the client has left once, to the sink, and write nothing to that client',
    needs,
    run: async (rig) => {
      const reached = gate()
      const left = gate()
      const answered = gate<number>()
      await serve(
        rig,
        (app) => {
          app.use(async (c, next) => {
            await next()
            // In a turn of its own, in which the answer would have been written.
            setImmediate(() => answered.open(c.env.outgoing.headersSent ? 1 : 0))
          })
          app.get('/', async () => {
            reached.open()
            await left.opened
            throw failure
          })
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await reached.opened
          client.reset()
          assert.deepEqual([(await app.outcome()).reason, app.outcomes[0]?.status], ['client', null])
          left.open()
          assert.equal((await app.fault()).error, failure)
          assert.equal(await answered.opened, 0)
          await app.lifecycle.idle()
          assert.equal(app.faults.length, 1)
        },
      )
    },
  },
]
