import assert from 'node:assert/strict'
import { once } from 'node:events'
import { LifecycleError, type CommitHook, type Exchange } from '@afterword/lifecycle-core'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'

/** A hook that waits until its signal aborts, and heeds it. */
function patient(begun: (exchange: Exchange) => void): { hook: CommitHook; reasons: Promise<unknown> } {
  const heard = gate<unknown>()
  return {
    reasons: heard.opened,
    hook: async (_head, exchange, { signal }) => {
      begun(exchange)
      await once(signal, 'abort')
      heard.open(signal.reason)
      throw signal.reason
    },
  }
}

/** Exchanges that end while hooks run. */
export const beforeLeaveRules: readonly Rule[] = [
  {
    id: 'BCM-060',
    title: 'MUST abort the signal of a running hook when the client leaves, send nothing, and take its heeding for no fault',
    needs: ['http1'],
    run: async (rig) => {
      const begun = gate<Exchange>()
      const { hook, reasons } = patient(begun.open)
      const later: string[] = []
      await rig.serve(
        ({ exchange, res }) => {
          exchange.beforeCommit(() => void later.push('the next hook'))
          exchange.beforeCommit(hook)
          res.write('a secret', () => later.push('called back'))
          res.end()
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await begun.opened
          client.reset()
          const reason = await reasons
          assert(reason instanceof LifecycleError)
          assert.equal(reason.code, 'ERR_LIFECYCLE_CLIENT_LEFT')
          const outcome = await app.outcome()
          assert.deepEqual(
            [outcome.kind, outcome.reason, outcome.position, outcome.status, outcome.bytes],
            ['aborted', 'client', 'before-commit', null, 0],
          )
          await app.lifecycle.idle()
          await new Promise((resolve) => setImmediate(resolve))
          assert.deepEqual(later, ['called back'])
          assert.deepEqual(app.faults, [])
        },
      )
    },
  },
  {
    id: 'BCM-066',
    title: 'MUST let go of what waits when the exchange is aborted, though a hook still runs',
    needs: ['http1'],
    run: async (rig) => {
      const begun = gate()
      const released = gate()
      const calledBack = gate<unknown>()
      await rig.serve(
        ({ exchange, res }) => {
          exchange.beforeCommit(async () => {
            begun.open()
            await released.opened
          })
          res.write('a secret', (error) => calledBack.open(error))
          res.end()
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await begun.opened
          client.reset()
          const error = await calledBack.opened
          assert(error instanceof LifecycleError)
          assert.equal(error.code, 'ERR_LIFECYCLE_ABORTED')
          released.open()
          await app.lifecycle.idle()
          assert.deepEqual(app.faults, [])
        },
      )
    },
  },
  {
    id: 'BCM-061',
    title: 'MUST abort an exchange whose hook outlasts exchangeTimeout or the drain\'s deadline, and send nothing',
    run: async (rig) => {
      for (const cause of ['deadline', 'drain'] as const) {
        const begun = gate<AbortSignal>()
        const settled = gate()
        await rig.serve(
          ({ exchange, reply }) => {
            exchange.beforeCommit(async (_head, _exchange, { signal }) => {
              begun.open(signal)
              await settled.opened
              throw signal.reason
            })
            reply(200, 'a secret')
          },
          async (app) => {
            const asked = assert.rejects(app.ask())
            const signal = await begun.opened
            if (cause === 'drain') void app.lifecycle.drain({ server: app.server, timeout: 1 })
            const { kind, reason, position, status } = await app.outcome()
            assert.deepEqual([kind, reason, position, status], ['aborted', cause, 'before-commit', null])
            await asked
            assert(signal.aborted)
            settled.open()
            await app.lifecycle.idle()
            assert.deepEqual(app.faults, [])
          },
          cause === 'deadline' ? { exchangeTimeout: 1 } : {},
        )
      }
    },
  },
  {
    id: 'BCM-062',
    title: 'MUST send what a hook fails with after the exchange has ended to the sink, unless it heeds the signal',
    needs: ['http1'],
    run: async (rig) => {
      const begun = gate()
      const fail = gate()
      await rig.serve(
        ({ exchange, reply }) => {
          exchange.beforeCommit(async () => {
            begun.open()
            await fail.opened
            throw new Error('the database is gone')
          })
          reply(200, 'a secret')
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await begun.opened
          client.reset()
          await app.outcome()
          fail.open()
          const { error, fault } = await app.fault()
          assert.deepEqual([String(error), fault.source], ['Error: the database is gone', 'commit-hook'])
        },
      )
    },
  },
  {
    id: 'BCM-063',
    title: 'MUST run no hook for an exchange that was aborted before its head',
    needs: ['http1'],
    run: async (rig) => {
      const begun = gate()
      const left = gate()
      let runs = 0
      await rig.serve(
        async ({ exchange, res, req }) => {
          exchange.beforeCommit(async () => void runs++)
          if (req.url === '/destroyed') {
            res.destroy()
            res.end('nobody reads this')
            return
          }
          begun.open()
          await left.opened
          res.end('nobody reads this')
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await begun.opened
          client.reset()
          assert.equal((await app.outcome()).position, 'before-commit')
          left.open()
          await app.lifecycle.idle()
          assert.equal(runs, 0)
          await assert.rejects(app.ask('/destroyed'))
          await app.outcome(2)
          assert.equal(runs, 0)
          assert.deepEqual(app.faults, [])
        },
      )
    },
  },
  {
    id: 'BCM-064',
    title: 'MUST call no further hook and send nothing when a hook passes after the client has left',
    needs: ['http1'],
    run: async (rig) => {
      const begun = gate()
      const pass = gate()
      const passed = gate()
      const later: string[] = []
      await rig.serve(
        ({ exchange, reply }) => {
          exchange.beforeCommit(() => void later.push('the next hook'))
          exchange.onCommit(() => void later.push('a commit listener'))
          exchange.beforeCommit(async () => {
            begun.open()
            await pass.opened
            setImmediate(passed.open)
          })
          reply(200, 'a secret')
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await begun.opened
          client.reset()
          await app.outcome()
          pass.open()
          await passed.opened
          assert.deepEqual(later, [])
          assert.deepEqual(app.faults, [])
        },
      )
    },
  },
  {
    id: 'BCM-065',
    title: 'MUST let a reply that is held when a drain begins go out, and close its connection',
    needs: ['http1'],
    run: async (rig) => {
      const begun = gate()
      const pass = gate()
      await rig.serve(
        ({ exchange, reply }) => {
          exchange.beforeCommit(async () => {
            begun.open()
            await pass.opened
          })
          reply(200, 'hello')
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await begun.opened
          const drained = app.lifecycle.drain({ server: app.server })
          pass.open()
          const head = await client.until(/hello/)
          assert.match(head, /connection: close/i)
          assert.equal((await drained).clean, true)
        },
      )
    },
  },
]
