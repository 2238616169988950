import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { RawClient } from '../client.js'
import { type Attempt, serveCounted, settled, type Setup } from '../landing.js'
import { gate } from '../latch.js'
import { openReader } from '../reader.js'
import type { Rig } from '../rig.js'
import type { Rule } from '../rule.js'

const needs = ['counted-faults', 'error-page'] as const

/** A body that never ends. */
function endless(): Readable {
  return new Readable({
    read() {
      this.push(Buffer.alloc(1000))
    },
  })
}

function setupsOf(rig: Rig): readonly Setup[] {
  return rig.framework === 'express' ? ['errorMiddleware', 'faultsTo'] : ['as it is']
}

/** What handlers reject with that only says that the client has left. */
const departures: Record<string, (attempt: Attempt) => Promise<unknown>> = {
  pipeline: ({ res }) => pipeline(endless(), res),
  'pipeline with the signal': ({ res, exchange }) => pipeline(endless(), res, { signal: exchange.signal }),
  async finished({ res }) {
    endless().pipe(res)
    await finished(res)
  },
  async 'an AbortError without a cause'({ exchange, begin }) {
    await begin()
    await new Promise((resolve) => exchange.signal.addEventListener('abort', resolve))
    throw Object.assign(new Error('cancelled'), { name: 'AbortError' })
  },
}

/** What a client that leaves makes of the handlers that work for it. */
export const departureRules: readonly Rule[] = [
  {
    id: 'FLT-120',
    title: 'MUST take it for no fault when a handler fails only because its client has left while the reply was streamed',
    needs,
    run: async (rig) => {
      for (const setup of setupsOf(rig)) {
        for (const [name, handler] of Object.entries(departures)) {
          let failed: unknown
          const over = gate()
          await serveCounted(
            rig,
            (attempt) =>
              handler(attempt)
                .catch((error: unknown) => {
                  failed = error
                  throw error
                })
                .finally(() => setImmediate(over.open)),
            async (app) => {
              const reader = openReader(rig, app.port)
              await reader.answered
              reader.leave()
              await over.opened
              const { kind, reason } = await app.outcome()
              assert.deepEqual([kind, reason], ['aborted', 'client'])
              await settled(app)
              assert.deepEqual(app.landings.items, [], `${setup}, ${name}`)
              // The response of HTTP/2 says that it has finished.
              if (rig.name !== 'http2' || name !== 'finished') assert(failed !== undefined)
            },
            { setup },
          )
        }
      }
    },
  },
  {
    id: 'FLT-121',
    title: 'MUST take it for a fault when a handler fails for a reason of its own after its client has left, whatever kind of error it is',
    needs,
    run: async (rig) => {
      const own = [
        Object.assign(new Error('reset by the database'), { code: 'ECONNRESET' }),
        Object.assign(new Error('cancelled by the database'), { name: 'AbortError' }),
        Object.assign(new Error('hostile'), {}),
      ]
      Object.defineProperty(own[2], 'code', {
        get() {
          throw new Error('do not look at me')
        },
      })
      for (const error of own) {
        const reached = gate()
        const gone = gate()
        await serveCounted(
          rig,
          async () => {
            reached.open()
            await gone.opened
            throw error
          },
          async (app) => {
            const reader = openReader(rig, app.port)
            await reached.opened
            reader.leave()
            await app.outcome()
            gone.open()
            await app.landings.nth(1)
            await settled(app)
            assert.equal(app.landings.items.length, 1)
            assert.equal(app.landings.items[0]?.place, 'sink')
            assert.equal(app.landings.items[0].error, error)
          },
        )
      }
    },
  },
  {
    id: 'FLT-122',
    title: 'MUST take a stream that breaks off for a fault when it is not the client that has left',
    needs,
    run: async (rig) => {
      const error = Object.assign(new Error('the source broke off'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })
      await serveCounted(
        rig,
        async ({ begin }) => {
          await begin()
          throw error
        },
        async (app) => {
          await app.ask().catch(() => {})
          await app.landings.nth(1)
          await settled(app)
          assert.deepEqual(app.landings.items, [{ place: 'sink', error }])
          assert.equal(app.outcomes[0]?.reason, 'server')
        },
      )
    },
  },
  {
    id: 'FLT-123',
    title: 'MUST take it for no fault when a handler fails because its client has left while the body was read',
    needs: ['http1', 'answers-faults'],
    run: async (rig) => {
      for (const leave of ['reset', 'halfClose'] as const) {
        const reached = gate()
        const over = gate()
        await rig.serve(
          async ({ read }) => {
            const body = read()
            reached.open()
            await body.finally(() => setImmediate(over.open))
          },
          async (app) => {
            const client = new RawClient(app.port)
            await client.request('POST', '/', ['Content-Length: 100'], 'half of it')
            await reached.opened
            client[leave]()
            await over.opened
            assert.equal((await app.outcome()).reason, 'client')
            await settled(app)
            assert.deepEqual(app.faults, [], leave)
            client.leave()
          },
        )
      }
    },
  },
]
