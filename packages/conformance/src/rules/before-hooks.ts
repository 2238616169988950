import assert from 'node:assert/strict'
import { AsyncResource } from 'node:async_hooks'
import { beforeCommit, current, LifecycleError, type CommitHook } from '@afterword/lifecycle-core'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'

/** Belongs to no request. */
const outside = new AsyncResource('OUTSIDE')

/** Something asynchronous that takes no time. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** `beforeCommit`: when hooks run, and what they may change. */
export const beforeHooksRules: readonly Rule[] = [
  {
    id: 'BCM-001',
    title: 'MUST await every hook before the head is written, the last registered first, the application\'s last',
    run: async (rig) => {
      const order: string[] = []
      const hook = (name: string): CommitHook => async (head, exchange) => {
        order.push(`${name} begins`)
        await turn()
        assert.equal(exchange.phase, 'handling')
        head.setHeader('x-last', name)
        order.push(`${name} ends`)
      }
      await rig.serve(
        ({ exchange, reply }) => {
          exchange.onCommit(() => order.push('commit listener'))
          exchange.beforeCommit(hook('first'))
          beforeCommit(hook('second'))
          reply(200, 'hello')
        },
        async (app) => {
          const { status, headers, body } = await app.ask()
          assert.deepEqual([status, body, headers['x-last'], headers['content-length']], [200, 'hello', 'application', '5'])
          const names = ['second', 'first', 'application']
          assert.deepEqual(order, [...names.flatMap((name) => [`${name} begins`, `${name} ends`]), 'commit listener'])
          assert.equal((await app.outcome()).kind, 'finished')
          assert.deepEqual(app.faults, [])
        },
        { beforeCommit: hook('application') },
      )
    },
  },
  {
    id: 'BCM-002',
    title: 'MUST let a hook read and change the status and the fields, of implicit and of explicit heads',
    run: async (rig) => {
      const ways = {
        '/reply': ({ reply }) => reply(200, 'hello', { 'x-kept': 'kept', 'x-removed': 'soon' }),
        '/object': ({ res }) => res.writeHead(200, 'Fine', { 'X-Kept': 'kept', 'x-removed': 'soon' }).end('hello'),
        '/list': ({ res }) => res.writeHead(200, ['x-kept', 'kept', 'x-removed', 'soon']).end('hello'),
        '/stream': ({ res }) => {
          res.setHeader('x-kept', 'kept')
          res.setHeader('x-removed', 'soon')
          res.write('hel')
          res.end('lo')
        },
      } satisfies Record<string, Parameters<typeof rig.serve>[0]>
      await rig.serve(
        (call) => {
          call.exchange.beforeCommit(async (head) => {
            await turn()
            assert.equal(head.status, 200)
            assert.equal(head.getHeader('x-kept'), 'kept')
            assert(head.hasHeader('x-removed') && head.getHeaderNames().includes('x-removed'))
            head.status = 418
            head.setHeader('x-new', 'one')
            head.appendHeader('x-new', 'two')
            head.removeHeader('x-removed')
          })
          ways[call.req.url as keyof typeof ways](call)
        },
        async (app) => {
          for (const [index, path] of Object.keys(ways).entries()) {
            const { status, headers, body } = await app.ask(path)
            assert.deepEqual([status, body, headers['x-kept'], headers['x-new'], headers['x-removed']], [418, 'hello', 'kept', 'one, two', undefined], path)
            assert.equal((await app.outcome(index + 1)).status, 418, path)
          }
          assert.deepEqual(app.faults, [])
        },
      )
    },
  },
  {
    id: 'BCM-003',
    title: 'MUST run hooks once per exchange, in its async context, for HEAD requests and replies without a body too',
    run: async (rig) => {
      const ids: (string | undefined)[] = []
      await rig.serve(
        ({ exchange, reply, req }) => {
          exchange.beforeCommit(async () => {
            await turn()
            ids.push(current()?.id === exchange.id ? req.url : 'elsewhere')
          })
          // A stream or a pool may have lost the context.
          outside.runInAsyncScope(() => (req.url === '/empty' ? reply(204, '') : reply(200, 'hello')))
        },
        async (app) => {
          assert.equal((await app.ask('/head', { method: 'HEAD' })).status, 200)
          assert.equal((await app.ask('/empty')).status, 204)
          assert.deepEqual(ids, ['/head', '/empty'])
        },
      )
    },
  },
  {
    id: 'BCM-004',
    title: 'MUST run hooks that return nothing to wait for inside the call that begins the head, without holding it',
    run: async (rig) => {
      let order: unknown[] = []
      await rig.serve(
        ({ exchange, res }) => {
          order = []
          exchange.beforeCommit((head) => {
            order.push(exchange.phase)
            head.status = 201
          })
          res.writeHead(200)
          order.push(exchange.phase, Object.hasOwn(res, 'end'), Object.hasOwn(res, 'headersSent'))
          res.end('hello')
        },
        async (app) => {
          const { status, body } = await app.ask()
          assert.deepEqual([status, body], [201, 'hello'])
          assert.deepEqual(order, ['handling', 'committed', false, false])
        },
      )
    },
  },
  {
    id: 'BCM-005',
    title: 'MUST refuse a hook that comes too late, and what is no function',
    run: async (rig) => {
      const codes: unknown[] = []
      const late = gate()
      const attempt = (call: () => void) => {
        try {
          call()
          codes.push('taken')
        } catch (error) {
          codes.push(error instanceof LifecycleError ? error.code : error)
        }
      }
      await rig.serve(
        ({ exchange, res }) => {
          attempt(() => exchange.beforeCommit('hook' as never))
          exchange.beforeCommit(async () => {
            await turn()
            attempt(() => exchange.beforeCommit(() => void codes.push('nested')))
          })
          exchange.onCommit(() => attempt(() => exchange.beforeCommit(() => {})))
          exchange.after(() => {
            attempt(() => exchange.beforeCommit(() => {}))
            late.open()
          })
          res.end('hello')
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'hello')
          await late.opened
          const { code: tooLate } = new LifecycleError('ERR_LIFECYCLE_COMMITTED', '')
          assert.deepEqual(codes, ['ERR_LIFECYCLE_INVALID_ARGUMENT', 'taken', 'nested', tooLate, tooLate])
          assert.deepEqual(app.faults, [])
        },
      )
    },
  },
  {
    id: 'BCM-006',
    title: 'MUST put nothing on a response that has no hook',
    run: async (rig) => {
      const own = new Set<string>()
      const expected = new Set<string>()
      const names = ['write', 'end', 'flushHeaders', 'addTrailers', 'setHeader', 'headersSent', 'writableEnded']
      await rig.serve(
        ({ res, exchange }) => {
          exchange.onCommit(() => {})
          for (const name of names) if (Object.hasOwn(res, name)) own.add(name)
          exchange.after(() => {})
          exchange.beforeCommit(() => {})
          for (const name of names) if (Object.hasOwn(res, name)) expected.add(name)
          res.end('hello')
        },
        async (app) => {
          await app.ask()
          assert.deepEqual([...own], [])
          assert.deepEqual([...expected], ['write', 'end', 'flushHeaders', 'addTrailers'])
        },
      )
    },
  },
]
