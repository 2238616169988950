import assert from 'node:assert/strict'
import type { Outcome } from '@afterword/lifecycle-core'
import { gate } from '../latch.js'
import { openReader } from '../reader.js'
import type { AppOptions } from '../rig.js'
import type { Rule } from '../rule.js'

/** What the outcome says of the head. */
export const headOutcomeRules: readonly Rule[] = [
  {
    id: 'COM-020',
    title: 'MUST tell the status and the fields that the client received: names in lower case, set-cookie as a list, others joined',
    run: (rig) =>
      rig.serve(
        (call) => {
          const list = ['X-List', 'a', 'x-list', 'b', 'X-Empty', '', 'Set-Cookie', 'a=1; Path=/', 'Set-Cookie', 'b=2']
          if (call.req.url === '/one') call.reply(404, 'none', { 'X-One': 'One, two', 'Set-Cookie': 'a=1' })
          else call.res.writeHead(203, list).end('some')
        },
        async (app) => {
          for (const [index, path] of ['/one', '/list'].entries()) {
            const reply = await app.ask(path)
            const { status, headers } = await app.outcome(index + 1)
            const received = Object.fromEntries(Object.entries(reply.headers).filter(([name]) => name !== ':status'))
            assert.equal(status, reply.status)
            assert.deepEqual({ ...headers }, received)
            assert(Array.isArray(headers['set-cookie']))
          }
        },
      ),
  },
  {
    id: 'COM-021',
    title: 'MUST freeze the outcome, its fields and their lists',
    run: (rig) =>
      rig.serve(
        ({ res }) => res.writeHead(200, ['set-cookie', 'a=1', 'set-cookie', 'b=2']).end(),
        async (app) => {
          await app.ask()
          const outcome = await app.outcome()
          assert(Object.isFrozen(outcome))
          assert(Object.isFrozen(outcome.headers))
          assert(Object.isFrozen(outcome.headers['set-cookie']))
          assert.equal(outcome.headers, outcome.headers)
          assert.throws(() => Object.assign(outcome, { status: 500 }), TypeError)
        },
      ),
  },
  {
    id: 'COM-022',
    title: 'MUST invent no status, no fields and no time of the commit where nothing was committed',
    run: async (rig) => {
      const handled = gate()
      await rig.serve(
        ({ res }) => {
          res.statusCode = 202
          res.setHeader('x-set', 'but not written')
          handled.open()
        },
        async (app) => {
          const reader = openReader(rig, app.port)
          await handled.opened
          reader.leave()
          const outcome = await app.outcome()
          assert.deepEqual([outcome.status, outcome.timeToCommitMs], [null, null])
          assert.deepEqual(Object.keys(outcome.headers), [])
          assert(Object.isFrozen(outcome.headers))
          assert.equal(typeof outcome.durationMs, 'number')
        },
      )
    },
  },
  {
    id: 'COM-030',
    title: 'MUST take no time when timings are off',
    run: async (rig) => {
      for (const exchangeTimeout of [Infinity, 60_000]) {
        await rig.serve(
          ({ reply }) => reply(200, 'hello'),
          async (app) => {
            await app.ask()
            const { status, receivedAt, timeToCommitMs, durationMs } = await app.outcome()
            assert.deepEqual([status, receivedAt, timeToCommitMs, durationMs], [200, null, null, null])
          },
          { timings: false, exchangeTimeout },
        )
      }
    },
  },
  {
    id: 'COM-033',
    title: 'MUST take times only where somebody asks for them',
    run: async (rig) => {
      const cases: [asked: boolean, options: AppOptions][] = [
        [false, {}],
        [true, { timings: true }],
        [true, { onOutcome() {} }],
        [true, { exchangeTimeout: 60_000 }],
      ]
      for (const [asked, options] of cases) {
        const told = gate<Outcome>()
        await rig.serve(
          ({ exchange, reply }) => {
            exchange.after(told.open)
            reply(200, 'hello')
          },
          async (app) => {
            await app.ask()
            const { receivedAt, timeToCommitMs, durationMs } = await told.opened
            const times = [receivedAt, timeToCommitMs, durationMs]
            assert.deepEqual(times.map((time) => time !== null), [asked, asked, asked], `with ${Object.keys(options).join() || 'nothing'}`)
          },
          { ...options, unwatched: true },
        )
      }
    },
  },
]
