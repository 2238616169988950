import assert from 'node:assert/strict'
import { Journal } from '../journal.js'
import { gate } from '../latch.js'
import type { App, Rig } from '../rig.js'
import type { Rule } from '../rule.js'
import { visit } from '../visitor.js'
import { serve as serveKoa } from './koa-own.js'

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Asks, leaves once the server has got that far, and waits for the end. */
async function leaveAfter(rig: Rig, app: App, reached: Promise<unknown>): Promise<void> {
  const visitor = await visit(rig, app)
  await reached
  visitor.reset()
  await app.outcome()
  visitor.close()
}

/** Clients that leave. */
export const transactionAbortRules: readonly Rule[] = [
  {
    id: 'TXN-040',
    title: 'MUST roll back once when the client has left before the commit, but not before a handler that returns has returned',
    needs: ['handler-promise'],
    run: async (rig) => {
      for (const how of ['returns', 'throws']) {
        const journal = new Journal()
        const tx = journal.transaction({ grace: Infinity })
        const reached = gate()
        const more = gate()
        await rig.serve(
          async ({ exchange }) => {
            await tx(exchange)
            reached.open()
            await more.opened
            journal.noted.add('last statement')
            if (how === 'throws') throw exchange.signal.reason
          },
          async (app) => {
            await leaveAfter(rig, app, reached.opened)
            await turns()
            assert.equal(journal.entries, 'begin')
            assert.equal((await app.outcome()).transaction, 'rolled-back')
            more.open()
            await app.lifecycle.idle()
            assert.equal(journal.entries, 'begin, last statement, rollback')
            assert.equal(app.faults.length, 0)
          },
        )
      }
    },
  },
  {
    id: 'TXN-052',
    title: 'MUST take the return of the middleware behind the mount for the end of the handler on Koa',
    needs: ['koa'],
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction({ grace: Infinity })
      const reached = gate()
      const more = gate()
      await serveKoa(
        rig,
        (koa, lifecycle) => {
          koa.use(lifecycle.middleware)
          koa.use(async (ctx) => {
            await tx(ctx.exchange)
            reached.open()
            await more.opened
            journal.noted.add('last statement')
            ctx.respond = false
          })
        },
        async (app) => {
          await leaveAfter(rig, app, reached.opened)
          await turns()
          assert.equal(journal.entries, 'begin')
          more.open()
          await app.lifecycle.idle()
          assert.equal(journal.entries, 'begin, last statement, rollback')
        },
      )
    },
  },
  {
    id: 'TXN-041',
    title: 'MUST take the attempt to reply to a client that has left for the end of the handler',
    needs: ['reply-at-once'],
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction({ grace: Infinity })
      const reached = gate()
      const more = gate()
      const hang = gate()
      await rig.serve(
        async ({ exchange, reply }) => {
          await tx(exchange)
          reached.open()
          await more.opened
          journal.noted.add('last statement')
          reply(200, 'hello')
          await hang.opened
        },
        async (app) => {
          await leaveAfter(rig, app, reached.opened)
          await turns()
          assert.equal(journal.entries, 'begin')
          more.open()
          await app.lifecycle.idle()
          hang.open()
          assert.equal(journal.entries, 'begin, last statement, rollback')
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'TXN-042',
    title: 'MUST roll back at once when the client leaves and nobody uses the transaction, and only when run() has come to its end if somebody does',
    run: async (rig) => {
      for (const inside of [false, true]) {
        const journal = new Journal()
        const tx = journal.transaction({ grace: Infinity })
        const reached = gate()
        const more = gate()
        const hang = gate()
        await rig.serve(
          async ({ exchange }) => {
            await tx.run(async () => {
              if (!inside) return
              reached.open()
              await more.opened
              journal.noted.add('last statement')
            }, exchange)
            reached.open()
            await hang.opened
          },
          async (app) => {
            await leaveAfter(rig, app, reached.opened)
            await turns()
            if (inside) assert.equal(journal.entries, 'begin')
            more.open()
            await app.lifecycle.idle()
            assert.equal(journal.entries, inside ? 'begin, last statement, rollback' : 'begin, rollback')
            hang.open()
          },
        )
      }
    },
  },
  {
    id: 'TXN-043',
    title: 'MUST roll back as in use when the grace has passed after an abort and the handler has not shown that it is through',
    run: async (rig) => {
      for (const how of ['taken', 'run']) {
        const journal = new Journal()
        const tx = journal.transaction({ grace: 1 })
        const reached = gate()
        const hang = gate()
        await rig.serve(
          async ({ exchange }) => {
            if (how === 'taken') await tx(exchange)
            reached.open()
            if (how === 'run') await tx.run(() => hang.opened, exchange)
            await hang.opened
          },
          async (app) => {
            await leaveAfter(rig, app, reached.opened)
            await app.lifecycle.idle()
            assert.equal(journal.entries, 'begin, rollback in use')
            hang.open()
          },
        )
      }
    },
  },
  {
    id: 'TXN-044',
    title: 'MUST roll back what a begin brings after the abort, and give its asker the reason of the abort',
    run: async (rig) => {
      const journal = new Journal()
      const reached = gate()
      const begun = gate()
      const refused = gate<unknown>()
      const tx = journal.transaction({
        grace: Infinity,
        begin: () => {
          reached.open()
          return begun.opened.then(() => 0)
        },
      })
      const hang = gate()
      await rig.serve(
        async ({ exchange }) => {
          await tx(exchange).catch(refused.open)
          await hang.opened
        },
        async (app) => {
          await leaveAfter(rig, app, reached.opened)
          begun.open()
          assert.equal(((await refused.opened) as { code?: string }).code, 'ERR_LIFECYCLE_CLIENT_LEFT')
          await app.lifecycle.idle()
          assert.equal(journal.entries, 'begin, rollback')
          hang.open()
        },
      )
    },
  },
  {
    id: 'TXN-045',
    title: 'MUST refuse with the reason of the abort who asks after it, and take that for no fault',
    needs: ['error-page'],
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction({ grace: Infinity })
      const reached = gate()
      const more = gate()
      const codes: (string | undefined)[] = []
      await rig.serve(
        async ({ exchange, req }) => {
          if (req.url === '/never') return
          await tx.run(() => 0, exchange)
          reached.open()
          await more.opened
          for (const ask of [() => tx(exchange), () => tx.run(() => 0, exchange), () => journal.transaction()(exchange)]) {
            await Promise.resolve().then(ask).catch((error: { code?: string }) => codes.push(error.code))
          }
          await tx(exchange)
        },
        async (app) => {
          await leaveAfter(rig, app, reached.opened)
          more.open()
          await app.lifecycle.idle()
          await turns()
          assert.deepEqual(codes, Array.from({ length: 3 }, () => 'ERR_LIFECYCLE_CLIENT_LEFT'))
          assert.equal(journal.entries, 'begin, rollback')
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'TXN-046',
    title: 'MUST roll back, and write nothing, when the client leaves while a hook runs, but not before that hook has ended',
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction({ grace: Infinity })
      const reached = gate()
      const more = gate()
      await rig.serve(
        async ({ exchange, reply }) => {
          const connection = await tx(exchange)
          exchange.beforeCommit(async () => {
            reached.open()
            await more.opened
            journal.noted.add(`last statement of ${connection}`)
          })
          reply(200, 'hello')
        },
        async (app) => {
          await leaveAfter(rig, app, reached.opened)
          await turns()
          assert.equal(journal.entries, 'begin')
          more.open()
          await app.lifecycle.idle()
          assert.equal(journal.entries, 'begin, last statement of 1, rollback')
          const outcome = await app.outcome()
          assert.deepEqual([outcome.kind, outcome.position, outcome.transaction], ['aborted', 'before-commit', 'rolled-back'])
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'TXN-047',
    title: 'MUST not roll back what was committed when the client leaves after it, and say so in the outcome',
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      await rig.serve(
        async ({ exchange, res }) => {
          await tx(exchange)
          res.writeHead(200)
          res.write('a part')
        },
        async (app) => {
          const visitor = await visit(rig, app)
          await visitor.answered()
          visitor.reset()
          const outcome = await app.outcome()
          await app.lifecycle.idle()
          assert.deepEqual([outcome.kind, outcome.position, outcome.transaction], ['aborted', 'mid-response', 'committed'])
          assert.equal(journal.entries, 'begin, commit')
          visitor.close()
        },
      )
    },
  },
  {
    id: 'TXN-048',
    title: 'MUST let a commit that is under way when the client leaves decide, and tell of the end only then',
    run: async (rig) => {
      for (const works of [true, false]) {
        const journal = new Journal()
        const committing = gate()
        const left = gate()
        const more = gate()
        const tx = journal.transaction({
          commit: async () => {
            committing.open()
            await more.opened
            if (!works) throw new Error('serialization failure')
          },
        })
        await rig.serve(
          async ({ exchange, reply }) => {
            exchange.signal.addEventListener('abort', () => left.open())
            await tx(exchange)
            reply(200, 'hello')
          },
          async (app) => {
            const visitor = await visit(rig, app)
            await committing.opened
            visitor.reset()
            await left.opened
            await turns()
            assert.equal(app.outcomes.length, 0)
            more.open()
            const outcome = await app.outcome()
            await app.lifecycle.idle()
            assert.deepEqual([outcome.kind, outcome.status, outcome.position], ['aborted', null, 'before-commit'])
            assert.equal(outcome.transaction, works ? 'committed' : 'rolled-back')
            assert.equal(journal.entries, works ? 'begin, commit' : 'begin, commit, rollback')
            assert.equal(app.outcomes.length, 1)
            visitor.close()
          },
        )
      }
    },
  },
  {
    id: 'TXN-049',
    title: 'MUST roll back what a drain cuts, without the grace, within the drain',
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction({ grace: Infinity })
      const reached = gate()
      const hang = gate()
      await rig.serve(
        async ({ exchange }) => {
          await tx(exchange)
          reached.open()
          await hang.opened
        },
        async (app) => {
          const visitor = await visit(rig, app)
          await reached.opened
          const report = await app.lifecycle.drain({ server: app.server, softTimeout: 1, timeout: 50 })
          assert.equal(journal.entries, 'begin, rollback in use')
          assert.deepEqual([report.exchanges.cut.length, report.tasks.lost.length], [1, 0])
          const outcome = await app.outcome()
          assert.deepEqual([outcome.reason, outcome.transaction], ['drain', 'rolled-back'])
          hang.open()
          visitor.close()
        },
      )
    },
  },
  {
    id: 'TXN-050',
    title: 'MUST make a drain wait for a rollback, and not wait for the grace of a client that has left once the drain hurries',
    run: async (rig) => {
      const journal = new Journal()
      const rollingBack = gate()
      const rolledBack = gate()
      const tx = journal.transaction({
        grace: Infinity,
        rollback: () => {
          rollingBack.open()
          return rolledBack.opened
        },
      })
      const reached = gate()
      const hang = gate()
      await rig.serve(
        async ({ exchange }) => {
          await tx(exchange)
          reached.open()
          await hang.opened
        },
        async (app) => {
          await leaveAfter(rig, app, reached.opened)
          let drained = false
          const draining = app.lifecycle.drain({ server: app.server, softTimeout: 1, timeout: 600_000 })
          void draining.then(() => (drained = true))
          await rollingBack.opened
          await turns()
          assert.equal(drained, false)
          rolledBack.open()
          const report = await draining
          assert.equal(journal.entries, 'begin, rollback in use')
          assert.deepEqual([report.clean, report.exchanges.cut, report.tasks.completed], [true, [], 1])
          hang.open()
        },
      )
    },
  },
  {
    id: 'TXN-051',
    title: 'MUST roll back, and report it, when a head is written past the hooks',
    needs: ['node'],
    run: async (rig) => {
      const journal = new Journal()
      const tx = journal.transaction()
      await rig.serve(
        async ({ exchange, res }) => {
          await tx(exchange)
          // Something that replaced the methods of the response.
          for (const name of ['writeHead', 'write', 'end', 'flushHeaders']) Reflect.deleteProperty(res, name)
          res.end('hello')
        },
        async (app) => {
          assert.equal((await app.ask('/')).status, 200)
          const { error, fault } = await app.fault()
          assert.deepEqual([(error as { code?: string }).code, fault.task], ['ERR_LIFECYCLE_TRANSACTION_OVER', 'transaction'])
          await app.lifecycle.idle()
          assert.equal((await app.outcome()).transaction, 'rolled-back')
          assert.equal(journal.entries, 'begin, rollback')
        },
      )
    },
  },
]
