import assert from 'node:assert/strict'
import type { Exchange } from '@afterword/lifecycle-core'
import { RawClient } from '../client.js'
import { gate, Latch } from '../latch.js'
import type { Rule } from '../rule.js'

function codeOf(signal: AbortSignal | undefined): string | undefined {
  return (signal?.reason as { code?: string } | undefined)?.code
}

/** What a client that leaves is: no fault, but an aborted signal. */
export const signalRules: readonly Rule[] = [
  {
    id: 'FLT-011',
    title: 'MUST abort exchange.signal when the client leaves, with the body read, and take the heeding of it for no fault',
    needs: ['http1', 'error-page'],
    run: async (rig) => {
      const reached = new Latch<string | undefined>()
      const heeded = new Latch<unknown>()
      await rig.serve(
        async ({ exchange, req, read }) => {
          await read()
          reached.add(req.url)
          // What an aborted `fetch` rejects with, and what Node's own promises do.
          const reason = await new Promise((resolve) => exchange.signal.addEventListener('abort', () => resolve(exchange.signal.reason)))
          heeded.add(reason)
          throw req.url === '/reason' ? reason : new Error('aborted', { cause: reason })
        },
        async (app) => {
          for (const [index, path] of ['/reason', '/cause'].entries()) {
            const client = new RawClient(app.port)
            await client.request('POST', path, ['Content-Length: 4'], 'body')
            await reached.nth(index + 1)
            client.reset()
            const outcome = await app.outcome(index + 1)
            assert.deepEqual([outcome.kind, outcome.reason], ['aborted', 'client'])
            assert.equal(((await heeded.nth(index + 1)) as { code?: string }).code, 'ERR_LIFECYCLE_CLIENT_LEFT')
            await app.lifecycle.idle()
            await new Promise((resolve) => setImmediate(resolve))
          }
          // Express passes the error on to its own page, for a client that is gone.
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'FLT-012',
    title: 'MUST not abort exchange.signal because the body was read, nor once the exchange has finished',
    needs: ['http1'],
    run: async (rig) => {
      let early: AbortSignal | undefined
      let begun: Exchange | undefined
      const closed = gate()
      await rig.serve(
        async ({ exchange, req, read, reply }) => {
          begun = exchange
          early = exchange.signal
          req.once('close', () => closed.open())
          await read()
          // By now Node has told that the request is over, which means only that its body is.
          await new Promise((resolve) => setImmediate(resolve))
          assert.equal(early.aborted, false)
          reply(200, 'hello')
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('POST', '/', ['Content-Length: 4'], 'body')
          await client.until(/hello/)
          await closed.opened
          client.reset()
          await app.lifecycle.idle()
          await app.lifecycle.drain({ server: app.server, softTimeout: 1, timeout: 60_000 })
          assert.equal(app.outcomes[0]?.kind, 'finished')
          assert.equal(early?.aborted, false)
          assert.equal(begun?.signal, early)
        },
      )
    },
  },
  {
    id: 'FLT-013',
    title: 'MUST hand out an aborted signal to whoever reads it first after the abort, and a live one after the finish',
    run: async (rig) => {
      let begun: Exchange | undefined
      await rig.serve(
        ({ exchange, req, res }) => {
          begun = exchange
          if (req.url === '/finish') res.end('hello')
          else res.destroy()
        },
        async (app) => {
          await app.ask('/finish')
          await app.lifecycle.idle()
          assert.equal(begun?.signal.aborted, false)
          await app.ask('/abort').catch(() => {})
          await app.lifecycle.idle()
          assert.equal(begun.signal.aborted, true)
          assert.equal(codeOf(begun.signal), 'ERR_LIFECYCLE_ABORTED')
        },
      )
    },
  },
  {
    id: 'FLT-014',
    title: 'MUST abort exchange.signal with a reason of its own at the exchange\'s deadline',
    run: async (rig) => {
      const aborted = gate<AbortSignal>()
      await rig.serve(
        ({ exchange, res }) => {
          // Taken from the framework, which would otherwise wait for it.
          void res
          exchange.signal.addEventListener('abort', () => aborted.open(exchange.signal))
        },
        async (app) => {
          const asked = app.ask().catch(() => {})
          assert.equal(codeOf(await aborted.opened), 'ERR_LIFECYCLE_DEADLINE')
          assert.equal((await app.outcome()).reason, 'deadline')
          await asked
          assert.equal(app.faults.length, 0)
        },
        { exchangeTimeout: 1 },
      )
    },
  },
]
