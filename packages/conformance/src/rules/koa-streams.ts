import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { serve } from './koa-own.js'

const needs = ['koa'] as const
const failure = new Error('the stream broke')

/** Stream bodies, whose errors go past the chain of middleware. */
export const koaStreamRules: readonly Rule[] = [
  {
    id: 'KIT-020',
    title: 'MUST finish a stream body once it was sent, and find the exchange while it is read',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.use((ctx) => void (ctx.body = Readable.from(['one ', 'two ', 'three'])))
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'one two three')
          await app.lifecycle.idle()
          assert.deepEqual(app.outcomes.map(({ kind, status }) => `${kind} ${status}`), ['finished 200'])
        },
      ),
  },
  {
    id: 'KIT-021',
    title: 'MUST leave a stream body that breaks before the head to Koa, as it is without a mount, and note the error in the outcome',
    needs,
    run: async (rig) => {
      const seen: unknown[] = []
      for (const mounted of [false, true]) {
        await serve(
          rig,
          (app, lifecycle) => {
            if (mounted) app.use(lifecycle.middleware)
            app.use((ctx) => {
              ctx.body = new Readable({
                read() {
                  this.destroy(failure)
                },
              })
            })
          },
          async (app, emitted) => {
            const status = await app.ask().then((reply) => reply.status, () => null)
            seen.push({ status, emitted: [...emitted] })
            if (!mounted) return
            assert.deepEqual([(await app.outcome()).error, app.outcomes[0]?.status], [failure, status])
            await app.lifecycle.idle()
            assert.deepEqual([app.outcomes.length, app.faults], [1, []])
          },
        )
      }
      assert.deepEqual(seen[1], seen[0])
    },
  },
  {
    id: 'KIT-022',
    title: 'MUST abort as server, mid-response, when a stream body breaks after the head, and report it once, to the sink',
    needs,
    run: async (rig) => {
      const body = new Readable({ read() {} })
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.use((ctx) => {
            body.push('a part')
            ctx.body = body
          })
        },
        async (app, emitted) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await client.until(/a part/)
          body.destroy(failure)
          await client.gone()
          assert.doesNotMatch(client.received, /\r\n0\r\n/)
          const { kind, reason, position, status } = await app.outcome()
          assert.deepEqual({ kind, reason, position, status }, { kind: 'aborted', reason: 'server', position: 'mid-response', status: 200 })
          await app.lifecycle.idle()
          assert.deepEqual([app.faults.map(({ error }) => error), emitted], [[failure], []])
        },
      )
    },
  },
  {
    id: 'KIT-023',
    title: 'MUST abort as client, mid-response, without a fault, when the client leaves a stream body, which Koa then destroys',
    needs,
    run: async (rig) => {
      for (const way of ['reset', 'leave'] as const) {
        const body = new Readable({ read() {} })
        const destroyed = gate()
        body.once('close', destroyed.open)
        await serve(
          rig,
          (app, lifecycle) => {
            app.use(lifecycle.middleware)
            app.use((ctx) => {
              body.push('a part')
              ctx.body = body
            })
          },
          async (app) => {
            const client = new RawClient(app.port)
            await client.request('GET', '/')
            await client.until(/a part/)
            client[way]()
            await destroyed.opened
            const { kind, reason, position, error } = await app.outcome()
            assert.deepEqual({ kind, reason, position, error }, { kind: 'aborted', reason: 'client', position: 'mid-response', error: undefined })
            await app.lifecycle.idle()
            assert.deepEqual([app.outcomes.length, app.faults], [1, []])
          },
        )
      }
    },
  },
]
