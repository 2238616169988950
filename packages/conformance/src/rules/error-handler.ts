import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Exchange } from '@afterword/lifecycle-core'
import { Latch } from '../latch.js'
import type { AppOptions, Rig } from '../rig.js'
import type { Rule } from '../rule.js'

const needs = ['answers-faults'] as const
const failure = new Error('no such order')
const second = new Error('no template')

type ErrorHandler = (error: unknown, req: IncomingMessage & { exchange: Exchange }, res: ServerResponse) => unknown

/** The option, as the rigs pass it on. */
function withHandler(errorHandler: ErrorHandler): AppOptions {
  return { listener: { errorHandler: errorHandler as never } }
}

function answer(res: ServerResponse): void {
  res.statusCode = 418
  res.end('sorry')
}

/** Fails at once or later, as the path says. */
function serveFailing(rig: Rig, errorHandler: ErrorHandler, use: Parameters<Rig['serve']>[1]): Promise<void> {
  return rig.serve(
    ({ req, res }) => {
      res.setHeader('x-of-the-handler', 'yes')
      if (req.url === '/sync') throw failure
      return Promise.reject(failure)
    },
    use,
    withHandler(errorHandler),
  )
}

/** The error handler of Node's own servers. */
export const errorHandlerRules: readonly Rule[] = [
  {
    id: 'FLT-130',
    title: 'MUST leave the answer for a handler that failed before the head to errorHandler, in the async context, and not tell the sink',
    needs,
    run: async (rig) => {
      const told = new Latch<unknown>()
      await serveFailing(
        rig,
        async (error, req, res) => {
          told.add(error)
          await Promise.resolve()
          assert.equal(req.exchange.phase, 'handling')
          answer(res)
        },
        async (app) => {
          for (const [index, path] of ['/sync', '/async'].entries()) {
            const { status, headers, body } = await app.ask(path)
            assert.deepEqual([status, headers['x-of-the-handler'], body], [418, 'yes', 'sorry'])
            const outcome = await app.outcome(index + 1)
            assert.deepEqual([outcome.kind, outcome.status, outcome.error], ['finished', 418, failure])
          }
          assert.deepEqual(told.items, [failure, failure])
          assert.deepEqual(app.faults, [])
        },
      )
    },
  },
  {
    id: 'FLT-131',
    title: 'MUST report both errors when errorHandler fails itself, and answer plainly if nothing was written, or cut the response',
    needs,
    run: async (rig) => {
      const handlers: ErrorHandler[] = [
        () => {
          throw second
        },
        () => Promise.reject(second),
      ]
      for (const errorHandler of handlers) {
        await serveFailing(rig, errorHandler, async (app) => {
          const { status, headers, body } = await app.ask()
          assert.deepEqual([status, headers['x-of-the-handler'], body], [500, undefined, 'Internal Server Error\n'])
          await app.lifecycle.idle()
          assert.deepEqual(app.faults.map(({ error }) => error), [failure, second])
        })
      }
      await serveFailing(
        rig,
        (_error, _req, res) => {
          res.writeHead(500)
          res.write('half an')
          throw second
        },
        async (app) => {
          await assert.rejects(app.ask())
          assert.equal((await app.outcome()).position, 'mid-response')
          assert.deepEqual(app.faults.map(({ error }) => error), [failure, second])
        },
      )
    },
  },
  {
    id: 'FLT-132',
    title: 'MUST NOT call errorHandler once the head was written',
    needs,
    run: async (rig) => {
      const told = new Latch<unknown>()
      await rig.serve(
        ({ reply }) => {
          reply(200, 'hello')
          throw failure
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'hello')
          await app.lifecycle.idle()
          assert.deepEqual(app.faults.map(({ error }) => error), [failure])
          assert.deepEqual(told.items, [])
        },
        withHandler((error) => told.add(error)),
      )
    },
  },
]
