import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { RawClient } from '../client.js'
import { serveCounted, settled } from '../landing.js'
import { gate } from '../latch.js'
import type { Rig } from '../rig.js'
import type { Rule } from '../rule.js'

/** Sends the head and a part of the body. */
function begin(res: ServerResponse): void {
  res.writeHead(200)
  res.write('the beginning')
}

/** Handlers that throw or reject, by how far the response has come. */
export const handlerFaultRules: readonly Rule[] = [
  {
    id: 'FLT-001',
    title: 'MUST leave a handler that throws before the head to the error page of its server, and report it in one place',
    needs: ['error-page'],
    run: async (rig) => {
      const error = new Error('handler')
      await rig.serve(
        (call) => {
          const { exchange, req } = call
          exchange.onCommit((head) => head.setHeader('x-listened', 'yes'))
          if (rig.answersFaults === true) call.res.setHeader('x-of-the-handler', 'yes')
          if (req.url === '/sync') throw error
          return Promise.reject(error)
        },
        async (app) => {
          for (const [index, path] of ['/sync', '/async'].entries()) {
            const { status, headers } = await app.ask(path)
            assert.equal(status, 500)
            assert.equal(headers['x-listened'], 'yes')
            const outcome = await app.outcome(index + 1)
            assert.equal(outcome.kind, 'finished')
            assert.equal(outcome.status, 500)
            if (rig.lacks['handler-error'] === undefined) assert.equal(outcome.error, error)
            if (rig.answersFaults === true) assert.equal(headers['x-of-the-handler'], undefined)
          }
          await app.lifecycle.idle()
          assert.deepEqual(
            app.faults.map(({ fault }) => `${fault.source} ${fault.phase}`),
            rig.answersFaults === true ? ['handler handling', 'handler handling'] : [],
          )
        },
      )
    },
  },
  {
    id: 'FLT-002',
    title: 'MUST destroy a response whose handler throws after the head and before the end, so that the client sees it',
    needs: ['error-page'],
    run: async (rig) => {
      const error = new Error('handler')
      const use: Parameters<Rig['serve']>[1] = async (app) => {
        await assert.rejects(app.ask())
        const outcome = await app.outcome()
        assert.equal(outcome.kind, 'aborted')
        assert.equal(outcome.reason, 'server')
        assert.equal(outcome.position, 'mid-response')
        assert.equal(outcome.status, 200)
        // Destroyed by Express itself, which tells nobody.
        if (rig.lacks['handler-error'] !== undefined) return
        assert.equal(outcome.error, error)
        assert.equal((await app.fault()).error, error)
        await app.lifecycle.idle()
        assert.deepEqual(app.faults.map(({ fault }) => fault.source), ['handler'])
      }
      if (rig.framework !== 'fastify') {
        return rig.serve(async ({ res }) => {
          begin(res)
          throw error
        }, use)
      }
      return rig.serveOwn?.(async (app, lifecycle) => {
        await app.register(lifecycle.plugin)
        app.get('/', async (_request: unknown, reply: { raw: ServerResponse }) => {
          begin(reply.raw)
          throw error
        })
      }, use)
    },
  },
  {
    id: 'FLT-003',
    title: 'MUST send what a handler throws after the end to the sink, and keep the connection for the next request',
    needs: ['http1', 'node', 'error-page'],
    run: async (rig) => {
      const error = new Error('too late')
      const ended = gate()
      await rig.serve(
        async ({ req, reply }) => {
          reply(200, `reply to ${req.url}.`)
          if (req.url !== '/first') return
          await ended.opened
          throw error
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/first')
          await client.until(/reply to \/first\./)
          await app.outcome()
          ended.open()
          const { error: reported, fault } = await app.fault()
          assert.equal(reported, error)
          assert.equal(fault.source, 'handler')
          assert.equal(fault.outcome?.kind, 'finished')
          await client.request('GET', '/second')
          await client.until(/reply to \/second\./)
          assert.equal(app.faults.length, 1)
          client.leave()
        },
      )
    },
  },
  {
    id: 'FLT-004',
    title: 'MUST send what a handler throws behind its own end to the sink, deliver the response, and call it no success',
    needs: ['node', 'error-page'],
    run: async (rig) => {
      const ran: string[] = []
      const body = 'x'.repeat(4_000_000)
      await rig.serve(
        ({ exchange, reply }) => {
          exchange.after(() => ran.push('success'), { when: 'success' })
          exchange.after(() => ran.push('finished'), { when: 'finished' })
          reply(200, body)
          throw new Error('behind the end')
        },
        async (app) => {
          const reply = await app.ask()
          assert.equal(reply.body.length, body.length)
          await app.lifecycle.idle()
          assert.equal(app.outcomes[0]?.kind, 'finished')
          assert.equal((app.outcomes[0].error as Error).message, 'behind the end')
          assert.equal(app.faults.length, 1)
          assert.deepEqual(ran, ['finished'])
        },
      )
    },
  },
  {
    id: 'FLT-015',
    title: 'MUST report once, and nowhere else, what a handler throws after it wrote a head to a response that was destroyed',
    needs: ['error-page', 'counted-faults'],
    run: async (rig) => {
      const error = new Error('too late')
      await serveCounted(
        rig,
        async ({ res }) => {
          res.destroy()
          res.writeHead(200)
          await Promise.resolve()
          throw error
        },
        async (app) => {
          await app.ask().catch(() => undefined)
          const { kind, reason, status } = await app.outcome()
          assert.deepEqual({ kind, reason, status }, { kind: 'aborted', reason: 'server', status: null })
          await app.landings.nth(1)
          await settled(app)
          // Fastify goes on to its own log, with an error of its own: it could not answer.
          assert.equal(app.landings.items.filter((landing) => landing.error === error).length, 1)
          assert(app.faults.every((told) => told.error === error))
        },
      )
    },
  },
]
