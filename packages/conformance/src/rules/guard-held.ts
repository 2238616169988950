import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { compose } from '@afterword/adapter-node'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { codes, doubleReply } from './guard-reply.js'

const touches: Readonly<Record<string, (res: ServerResponse) => unknown>> = {
  setHeader: (res) => res.setHeader('x-second', '1'),
  appendHeader: (res) => res.appendHeader('x-second', '1'),
  removeHeader: (res) => res.removeHeader('x-first'),
  writeHead: (res) => res.writeHead(500),
  write: (res) => res.write('second'),
  end: (res) => res.end('second'),
}

/** Replies that are not out, because hooks hold them. */
export const guardHeldRules: readonly Rule[] = [
  {
    id: 'GRD-018',
    title: 'MUST take a reply that a hook holds for a claim: a second is contained, and reported once, or throws with guard: strict',
    run: async (rig) => {
      for (const guard of [true, 'strict'] as const) {
        for (const [name, touch] of Object.entries(touches)) {
          const pass = gate()
          let thrown: unknown
          await rig.serve(
            ({ exchange, res }) => {
              exchange.beforeCommit(async (head) => {
                await pass.opened
                head.setHeader('x-hook', '1')
              })
              res.setHeader('x-first', '1')
              res.end('first')
              try {
                touch(res)
              } catch (error) {
                thrown = (error as { code?: string }).code
              }
              res.end()
              pass.open()
            },
            async (app) => {
              const { status, body, headers } = await app.ask()
              assert.deepEqual([status, body, headers['x-first'], headers['x-second'], headers['x-hook']], [200, 'first', '1', undefined, '1'], name)
              assert.equal((await app.outcome()).kind, 'finished')
              await app.lifecycle.idle()
              assert.equal(thrown, guard === 'strict' ? 'ERR_LIFECYCLE_DOUBLE_REPLY' : undefined, name)
              assert.deepEqual(codes(app), guard === 'strict' ? [] : [doubleReply], name)
            },
            { guard, callSites: false },
          )
        }
      }
    },
  },
  {
    id: 'GRD-019',
    title: 'MUST run nothing behind a reply that a hook holds',
    run: async (rig) => {
      const pass = gate()
      const ran: string[] = []
      const chain = compose(
        (_req, res, next) => {
          res.end('first')
          next()
        },
        () => ran.push('behind'),
      )
      await rig.serve(
        async ({ exchange, req, res }) => {
          exchange.beforeCommit(() => pass.opened)
          const over = chain(req as Parameters<typeof chain>[0], res)
          setImmediate(pass.open)
          await over
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'first')
          await app.outcome()
          await app.lifecycle.idle()
          assert.deepEqual([ran, app.faults], [[], []])
        },
        { guard: true, callSites: false },
      )
    },
  },
]
