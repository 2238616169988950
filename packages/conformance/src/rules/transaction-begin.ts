import assert from 'node:assert/strict'
import { current } from '@afterword/lifecycle-core'
import { Journal } from '../journal.js'
import { gate, Latch } from '../latch.js'
import type { Rule } from '../rule.js'

const failure = new Error('no connection')

function codeOf(call: () => unknown): string | undefined {
  try {
    void call()
  } catch (error) {
    return (error as { code?: string }).code
  }
  return undefined
}

/** When a transaction begins, and when it is too late to. */
export const transactionBeginRules: readonly Rule[] = [
  {
    id: 'TXN-001',
    title: 'MUST begin a transaction at the first ask, once per exchange however many ask at a time, and for no exchange that does not ask',
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      const connections: number[] = []
      await rig.serve(
        async ({ exchange, req, reply }) => {
          if (req.url === '/never') return reply(200, 'hello')
          assert.equal(tx.state(exchange), 'none')
          const pending = [tx(exchange), tx(exchange), tx.run((connection) => connection, exchange)]
          assert.equal(tx.state(exchange), 'beginning')
          connections.push(...(await Promise.all(pending)), await tx(exchange))
          assert.equal(tx.state(exchange), 'active')
          return reply(200, 'hello')
        },
        async (app) => {
          await app.ask('/never')
          assert.equal((await app.outcome()).transaction, null)
          assert.equal(journal.entries, '')
          await app.ask('/')
          await app.ask('/')
          assert.deepEqual(connections, [1, 1, 1, 1, 2, 2, 2, 2])
          assert.equal(journal.entries, 'begin, commit, begin, commit')
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'TXN-002',
    title: 'MUST give whoever asked the error of a begin that fails, end nothing that never began, and begin anew at the next ask',
    run: async (rig) => {
      const journal = new Journal()
      let attempts = 0
      const tx = journal.transaction({
        begin: () => {
          if (++attempts === 1) throw failure
          return 0
        },
      })
      const seen: unknown[] = []
      await rig.serve(
        async ({ exchange, req, reply }) => {
          await tx(exchange).catch((error: unknown) => seen.push(error))
          assert.equal(tx.state(exchange), 'none')
          if (req.url === '/again') await tx(exchange)
          reply(200, 'hello')
        },
        async (app) => {
          assert.equal((await app.ask('/')).status, 200)
          assert.equal((await app.outcome()).transaction, null)
          assert.deepEqual([seen, journal.entries], [[failure], 'begin'])
          attempts = 0
          assert.equal((await app.ask('/again')).status, 200)
          assert.equal((await app.outcome(2)).transaction, 'committed')
          assert.equal(journal.entries, 'begin, begin, begin, commit')
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'TXN-003',
    title: 'MUST find the exchange of the request by itself, and keep its async context in begin, commit and rollback',
    run: async (rig) => {
      const journal = new Journal()
      const seen: (string | undefined)[] = []
      const note = () => void seen.push(current()?.url)
      const tx = journal.transaction({ begin: () => (note(), 0), commit: note, rollback: note })
      await rig.serve(
        async ({ req, reply }) => {
          await tx()
          await tx.run(() => assert.equal(tx.state(), 'active'))
          reply(req.url === '/well' ? 200 : 404, 'hello')
        },
        async (app) => {
          await app.ask('/well')
          await app.ask('/ill')
          assert.deepEqual(seen, ['/well', '/well', '/ill', '/ill'])
          assert.equal(journal.entries, 'begin, commit, begin, rollback')
          assert.equal(codeOf(() => tx()), 'ERR_LIFECYCLE_NO_EXCHANGE')
          assert.equal(codeOf(() => tx.run(() => 0)), 'ERR_LIFECYCLE_NO_EXCHANGE')
        },
      )
    },
  },
  {
    id: 'TXN-004',
    title: 'MUST refuse with ERR_LIFECYCLE_TRANSACTION_OVER who asks when the transaction has ended, or when the head was written',
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      const refused = new Latch<string | undefined>()
      await rig.serve(
        async ({ exchange, req, reply }) => {
          if (req.url === '/known') await tx(exchange)
          exchange.after(() => {
            refused.add(codeOf(() => tx(exchange)))
            refused.add(codeOf(() => tx.run(() => 0, exchange)))
          })
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask('/known')
          await app.lifecycle.idle()
          await app.ask('/new')
          await app.lifecycle.idle()
          assert.deepEqual(refused.items, Array.from({ length: 4 }, () => 'ERR_LIFECYCLE_TRANSACTION_OVER'))
          assert.equal(journal.entries, 'begin, commit')
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'TXN-005',
    title: 'MUST wait for a begin that is under way when the handler replies, and commit what it began',
    run: async (rig) => {
      const journal = new Journal()
      const begun = gate()
      const replied = gate()
      const tx = journal.transaction({ begin: () => begun.opened.then(() => 0) })
      await rig.serve(
        ({ exchange, reply }) => {
          void tx(exchange)
          reply(200, 'hello')
          replied.open()
        },
        async (app) => {
          const asked = app.ask('/')
          await replied.opened
          assert.equal(journal.entries, 'begin')
          begun.open()
          assert.equal((await asked).status, 200)
          assert.equal(journal.entries, 'begin, commit')
        },
      )
    },
  },
  {
    id: 'TXN-006',
    title: 'MUST let a beforeCommit hook use the transaction, and be the first to ask for it',
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      const states: string[] = []
      await rig.serve(
        async ({ exchange, req, reply }) => {
          if (req.url === '/known') await tx(exchange)
          exchange.beforeCommit(async () => {
            await tx(exchange)
            states.push(tx.state(exchange))
          })
          reply(200, 'hello')
        },
        async (app) => {
          assert.equal((await app.ask('/known')).status, 200)
          assert.equal((await app.ask('/new')).status, 200)
          assert.deepEqual(states, ['active', 'active'])
          assert.equal(journal.entries, 'begin, commit, begin, commit')
        },
      )
    },
  },
]
