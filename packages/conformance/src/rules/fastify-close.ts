import assert from 'node:assert/strict'
import type { FastifyInstance } from 'fastify'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { serve } from './fastify-own.js'

const needs = ['fastify'] as const

/** `app.close()`, which drains. */
export const fastifyCloseRules: readonly Rule[] = [
  {
    id: 'FAS-060',
    title: 'MUST drain in app.close(), before a database that is closed in onClose',
    needs,
    run: async (rig) => {
      const order: string[] = []
      const replying = gate()
      const working = gate()
      const received = gate()
      let instance!: FastifyInstance
      await serve(
        rig,
        async (app) => {
          instance = app
          await app.register(async (database) => {
            database.addHook('onClose', async () => void order.push('database closed'))
          })
          app.get('/', async (request) => {
            request.exchange.after(async () => {
              await working.opened
              order.push('task done')
            })
            received.open()
            await replying.opened
            return 'the last reply'
          })
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await received.opened
          const closed = instance.close()
          while (app.lifecycle.state === 'accepting') await new Promise((resolve) => setImmediate(resolve))
          replying.open()
          await client.until(/the last reply/)
          assert.deepEqual(order, [])
          working.open()
          await closed
          assert.deepEqual(order, ['task done', 'database closed'])
        },
      )
    },
  },
  {
    id: 'FAS-061',
    title: 'MUST let Fastify refuse what comes while it closes, without an exchange that stays open',
    needs,
    run: async (rig) => {
      const replying = gate()
      const received = gate()
      let instance!: FastifyInstance
      await serve(
        rig,
        (app) => {
          instance = app
          app.get('/', async () => 'idle')
          app.get('/slow', async () => {
            received.open()
            await replying.opened
            return 'the last reply'
          })
        },
        async (app) => {
          const idle = new RawClient(app.port)
          const busy = new RawClient(app.port)
          await busy.request('GET', '/slow')
          await received.opened
          // The head has not come to its end, so the connection is not idle.
          await idle.send('GET / HTTP/1.1\r\nHost: a\r\n')
          const closed = instance.close()
          while (app.lifecycle.state === 'accepting') await new Promise((resolve) => setImmediate(resolve))
          await idle.send('\r\n')
          await idle.until(/HTTP\/1.1 503/)
          replying.open()
          await busy.until(/the last reply/)
          await Promise.all([idle.gone(), busy.gone()])
          await closed
          assert.deepEqual(app.outcomes.map(({ kind, status }) => [kind, status]), [['finished', 200]])
          assert.equal(app.lifecycle.isIdle, true)
        },
      )
    },
  },
  {
    id: 'FAS-062',
    title: 'MUST end the drain before Fastify gives up waiting for it, so that app.close() does not reject',
    needs,
    run: async (rig) => {
      const order: string[] = []
      let instance!: FastifyInstance
      await serve(
        rig,
        async (app) => {
          instance = app
          await app.register(async (database) => {
            database.addHook('onClose', async () => void order.push('database closed'))
          })
          app.get('/', async (request) => {
            request.exchange.after((_outcome, { signal }) => new Promise(() => signal.addEventListener('abort', () => order.push('told to hurry'))))
            return 'hello'
          })
        },
        async (app) => {
          await app.ask()
          await app.outcome()
          await instance.close()
          assert.equal((await app.lifecycle.drain()).tasks.lost.length, 1)
          assert.deepEqual(order, ['told to hurry', 'database closed'])
        },
        { server: { pluginTimeout: 600 } },
      )
    },
  },
  {
    id: 'FAS-063',
    title: 'MUST give the drain nearly the time that Fastify waits for hooks, and its usual time where there is no limit',
    needs,
    run: async (rig) => {
      for (const [pluginTimeout, expected] of [[0, 10_000], [20_000, 17_750], [100, 1]] as const) {
        let timeout: number | undefined
        await serve(
          rig,
          async (app, lifecycle) => {
            const drain = lifecycle.drain.bind(lifecycle)
            lifecycle.drain = (options) => {
              timeout = options?.timeout
              return drain(options)
            }
            app.get('/', async () => 'hello')
            app.addHook('onClose', async () => assert.equal(timeout, expected))
          },
          async (app) => {
            await app.ask()
          },
          { server: { pluginTimeout } },
        )
        assert.equal(timeout, expected)
      }
    },
  },
  {
    id: 'FAS-064',
    title: 'MUST close the connections that keep a drain waiting, kept-alive ones, as soon as nothing is in flight on them',
    needs,
    run: async (rig) => {
      const working = gate()
      let instance!: FastifyInstance
      await serve(
        rig,
        (app) => {
          instance = app
          app.get('/', async (request) => {
            request.exchange.after(() => working.opened)
            return 'hello'
          })
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await client.until(/hello/)
          const closed = instance.close()
          // Before the task is done, which the drain waits for as well.
          await client.gone()
          working.open()
          await closed
        },
      )
    },
  },
]
