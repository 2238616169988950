import assert from 'node:assert/strict'
import type { CommitHook } from '@afterword/lifecycle-core'
import { Latch } from '../latch.js'
import type { Rig } from '../rig.js'
import type { Rule } from '../rule.js'

/** Whether the adapter shows the page, so that the sink hears of a refusal. */
function answersItself(rig: Rig): boolean {
  return rig.answersFaults === true || rig.lacks['refusal-page'] !== undefined
}

/** How a hook may fail. */
const failures: Record<string, (error: unknown) => ReturnType<CommitHook>> = {
  '/rejects': (error) => Promise.reject(error),
  '/later': (error) => new Promise((_resolve, reject) => setImmediate(reject, error)),
  '/throws': (error) => {
    throw error
  },
}

/** `beforeCommit`: a hook that fails. */
export const beforeRefuseRules: readonly Rule[] = [
  {
    id: 'BCM-020',
    title: 'MUST send nothing of a reply whose hook fails, skip the other hooks, and show the error page of the framework',
    run: async (rig) => {
      const error = new Error('refused')
      const calls = new Latch<string>()
      await rig.serve(
        ({ exchange, reply, req }) => {
          exchange.onCommit((head) => head.setHeader('x-listened', 'yes'))
          exchange.beforeCommit(() => calls.add('skipped'))
          exchange.beforeCommit(() => {
            calls.add('fails')
            return failures[req.url ?? '']?.(error)
          })
          reply(201, 'a secret', { 'content-type': 'text/secret', etag: '"secret"', 'content-language': 'de', 'cache-control': 'public', location: '/x' })
        },
        async (app) => {
          for (const [index, path] of Object.keys(failures).entries()) {
            const { status, headers, body } = await app.ask(path)
            assert.equal(status, 500, path)
            assert(body.length > 0 && !body.includes('secret'), path)
            assert.equal(headers['x-listened'], 'yes')
            for (const name of ['etag', 'content-language', 'cache-control', 'location']) assert.equal(headers[name], undefined, name)
            assert(!String(headers['content-type']).includes('secret'))
            const outcome = await app.outcome(index + 1)
            assert.deepEqual([outcome.kind, outcome.status, outcome.error], ['finished', 500, error])
          }
          assert.deepEqual(calls.items, ['fails', 'fails', 'fails', ])
          const sources = app.faults.map(({ fault, error: told }) => [fault.source, told])
          assert.deepEqual(sources, answersItself(rig) ? Array.from({ length: 3 }, () => ['commit-hook', error]) : [])
        },
      )
    },
  },
  {
    id: 'BCM-021',
    title: 'MUST take anything for an error that a hook throws, and run the application\'s hook not again for the error page',
    run: async (rig) => {
      let runs = 0
      await rig.serve(
        ({ reply }) => reply(200, 'a secret'),
        async (app) => {
          const { status, body } = await app.ask()
          assert.equal(status, 500)
          assert(!body.includes('secret'))
          assert.equal((await app.outcome()).error, 'not an Error')
          assert.equal(runs, 1)
        },
        {
          beforeCommit: async () => {
            runs++
            throw 'not an Error'
          },
        },
      )
    },
  },
  {
    id: 'BCM-022',
    title: 'MUST run hooks for an error page that a failing handler caused, and show the page of a hook that fails then',
    needs: ['error-page'],
    run: async (rig) => {
      const statuses: number[] = []
      await rig.serve(
        () => {
          throw new Error('handler')
        },
        async (app) => {
          assert.equal((await app.ask('/')).status, 500)
          assert.deepEqual(statuses, [500])
          assert.equal((await app.ask('/fail')).status, 500)
          assert.deepEqual(statuses, [500, 500])
          assert.equal(String((await app.outcome(2)).error), 'Error: hook')
        },
        {
          beforeCommit: async (head, exchange) => {
            statuses.push(head.status)
            if (exchange.url === '/fail') throw new Error('hook')
          },
        },
      )
    },
  },
]
