import assert from 'node:assert/strict'
import { Journal } from '../journal.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { visit } from '../visitor.js'

const failure = new Error('serialization failure')

/** The commit, which nobody hears of before it is true. */
export const transactionCommitRules: readonly Rule[] = [
  {
    id: 'TXN-010',
    title: 'MUST commit before anything of the reply is sent',
    run: async (rig) => {
      const journal = new Journal()
      const committing = gate()
      const committed = gate()
      const tx = journal.transaction({
        commit: () => {
          committing.open()
          return committed.opened
        },
      })
      await rig.serve(
        async ({ exchange, reply }) => {
          await tx(exchange)
          reply(201, 'made')
        },
        async (app) => {
          const visitor = await visit(rig, app)
          await committing.opened
          for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
          assert.equal(visitor.isAnswered, false)
          committed.open()
          await visitor.answered()
          const outcome = await app.outcome()
          assert.deepEqual([outcome.status, outcome.transaction], [201, 'committed'])
          assert.equal(journal.entries, 'begin, commit')
          visitor.close()
        },
      )
    },
  },
  {
    id: 'TXN-011',
    title: 'MUST commit a reply that is streamed when its head is written, before the first byte',
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      const more = gate()
      let beforeEnd = ''
      await rig.serve(
        async ({ exchange, res }) => {
          await tx(exchange)
          res.writeHead(200, { 'content-type': 'text/plain' })
          res.write('one')
          await more.opened
          beforeEnd = journal.entries
          res.end('two')
        },
        async (app) => {
          const visitor = await visit(rig, app)
          await visitor.answered()
          assert.equal(journal.entries, 'begin, commit')
          more.open()
          assert.equal((await app.outcome()).kind, 'finished')
          assert.equal(beforeEnd, 'begin, commit')
          visitor.close()
        },
      )
    },
  },
  {
    id: 'TXN-012',
    title: 'MUST commit after all hooks, those registered before the first ask too, and roll back if any of them refuses',
    run: async (rig) => {
      for (const refusing of ['none', 'option', 'early', 'late', 'nested']) {
        const journal = new Journal()
        const tx = journal.transaction()
        const hook = (name: string) => async () => {
          journal.noted.add(name)
          if (name === refusing) throw failure
        }
        await rig.serve(
          async ({ exchange, reply }) => {
            exchange.beforeCommit(hook('early'))
            await tx(exchange)
            exchange.beforeCommit(async () => {
              await hook('late')()
              exchange.beforeCommit(hook('nested'))
            })
            reply(200, 'hello')
          },
          async (app) => {
            const { status, body } = await app.ask('/')
            const outcome = await app.outcome()
            await app.lifecycle.idle()
            const order = ['late', 'nested', 'early', 'option']
            const ran = order.slice(0, order.indexOf(refusing) + 1 || order.length)
            const end = refusing === 'none' ? 'commit' : 'rollback'
            assert.equal(journal.entries, ['begin', ...ran, end].join(', '))
            assert.equal(status, refusing === 'none' ? 200 : 500)
            assert.equal(body === 'hello', refusing === 'none')
            assert.equal(outcome.transaction, refusing === 'none' ? 'committed' : 'rolled-back')
          },
          { beforeCommit: hook('option') },
        )
      }
    },
  },
  {
    id: 'TXN-013',
    title: 'MUST answer a commit that is rejected with the error page of the framework, roll back once, and send nothing of the reply',
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction({ commit: () => Promise.reject(failure) })
      await rig.serve(
        async ({ exchange, reply }) => {
          await tx(exchange)
          reply(201, 'made', { 'x-made': '1' })
        },
        async (app) => {
          const { status, body } = await app.ask('/')
          assert.equal(status, 500)
          assert.doesNotMatch(body, /made/)
          const outcome = await app.outcome()
          assert.deepEqual([outcome.status, outcome.error, outcome.transaction], [500, failure, 'rolled-back'])
          await app.lifecycle.idle()
          assert.equal(journal.entries, 'begin, commit, rollback')
        },
      )
    },
  },
  {
    id: 'TXN-014',
    title: 'MUST tell the error page nothing before the rollback is done',
    run: async (rig) => {
      for (const refuse of ['commit', 'hook', 'status']) {
        const journal = new Journal()
        const rollingBack = gate()
        const rolledBack = gate()
        const tx = journal.transaction({
          commit: () => (refuse === 'commit' ? Promise.reject(failure) : undefined),
          rollback: () => {
            rollingBack.open()
            return rolledBack.opened
          },
        })
        await rig.serve(
          async ({ exchange, reply }) => {
            await tx(exchange)
            if (refuse === 'hook') exchange.beforeCommit(() => Promise.reject(failure))
            reply(refuse === 'status' ? 409 : 200, 'hello')
          },
          async (app) => {
            const visitor = await visit(rig, app)
            await rollingBack.opened
            for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
            assert.equal(visitor.isAnswered, false, refuse)
            rolledBack.open()
            await visitor.answered()
            assert.equal((await app.outcome()).status, refuse === 'status' ? 409 : 500)
            visitor.close()
          },
        )
      }
    },
  },
  {
    id: 'TXN-015',
    title: 'MUST say in-doubt when the commit was rejected and the rollback, too, and take the error of the rollback to the sink',
    run: async (rig) => {
      const journal = new Journal()
      const lost = new Error('connection lost')
      const tx = journal.transaction({ commit: () => Promise.reject(failure), rollback: () => Promise.reject(lost) })
      await rig.serve(
        async ({ exchange, reply }) => {
          await tx(exchange)
          exchange.after(() => assert.equal(tx.state(exchange), 'in-doubt'))
          reply(200, 'hello')
        },
        async (app) => {
          assert.equal((await app.ask('/')).status, 500)
          const outcome = await app.outcome()
          assert.deepEqual([outcome.transaction, outcome.error], ['in-doubt', failure])
          await app.lifecycle.idle()
          const [found, ...others] = app.faults.filter(({ error }) => error !== failure)
          assert.deepEqual([found?.error, found?.fault.source, found?.fault.task, others], [lost, 'task', 'transaction', []])
          assert.equal(journal.entries, 'begin, commit, rollback')
        },
      )
    },
  },
  {
    id: 'TXN-016',
    title: 'MUST settle the transactions of one exchange in the order in which they began, and roll back those behind a commit that is rejected',
    run: async (rig) => {
      for (const rejected of [0, 1, 2]) {
        const journal = new Journal()
        const make = (index: number) =>
          journal.transaction({ commit: () => (journal.noted.add(`of ${index}`), index === rejected ? Promise.reject(failure) : 0) })
        const first = make(1)
        const second = make(2)
        await rig.serve(
          async ({ exchange, reply }) => {
            await first(exchange)
            await second(exchange)
            reply(200, 'hello')
          },
          async (app) => {
            assert.equal((await app.ask('/')).status, rejected === 0 ? 200 : 500)
            const outcome = await app.outcome()
            await app.lifecycle.idle()
            const [entries, fate] = [
              ['begin, begin, commit, of 1, commit, of 2', 'committed'],
              ['begin, begin, commit, of 1, rollback, rollback', 'rolled-back'],
              ['begin, begin, commit, of 1, commit, of 2, rollback', 'mixed'],
            ][rejected] as [string, string]
            assert.deepEqual([journal.entries, outcome.transaction], [entries, fate])
          },
        )
      }
    },
  },
]
