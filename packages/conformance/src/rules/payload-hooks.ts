import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { LifecycleError, onPayload, type PayloadHook } from '@afterword/lifecycle-core'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'

/** Responses by their request. */
const noted = new WeakMap<IncomingMessage, ServerResponse>()

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Payload hooks on every server whose handlers reply with values. */
export const payloadHooksRules: readonly Rule[] = [
  {
    id: 'PAY-001',
    title: 'MUST show every hook the payload before it is serialized, once, the last registered first, and send what they make of it',
    needs: ['payload'],
    run: async (rig) => {
      const secret = { name: 'Ada', secret: 42 }
      const seen: unknown[] = []
      const add = (name: string): PayloadHook => (payload) => {
        seen.push(payload)
        return { ...(payload as object), [name]: true }
      }
      await rig.serve(
        ({ exchange, send }) => {
          exchange.onPayload(add('sync'))
          onPayload(async (payload) => {
            assert.equal(payload, secret)
            seen.push(payload)
            await turn()
            return { ...secret, secret: undefined }
          })
          onPayload((payload) => void seen.push(payload))
          send?.(secret)
        },
        async (app) => {
          const { status, headers, body } = await app.ask()
          assert.deepEqual(JSON.parse(body), { name: 'Ada', sync: true, application: true })
          assert.deepEqual([status, Number(headers['content-length'])], [200, body.length])
          assert(String(headers['content-type']).startsWith('application/json'))
          assert.equal(seen.length, 4)
          assert.equal(seen[0], secret)
          assert.equal(seen[1], secret)
          assert.deepEqual(seen[2], { name: 'Ada', secret: undefined })
          assert.equal((await app.outcome()).kind, 'finished')
          assert.deepEqual(app.faults, [])
        },
        { onPayload: add('application') },
      )
    },
  },
  {
    id: 'PAY-002',
    title: 'MUST let payload hooks change the head, before the beforeCommit hooks see it',
    needs: ['payload'],
    run: async (rig) => {
      for (const pause of [() => undefined, turn]) {
        const order: string[] = []
        await rig.serve(
          ({ exchange, send }) => {
            exchange.onPayload((payload, head) => {
              assert.equal(head.status, 200)
              head.status = 207
              head.setHeader('x-payload', String(payload))
              order.push('payload')
              return pause()?.then(() => undefined)
            })
            exchange.beforeCommit(async (head) => {
              await turn()
              order.push(`commit ${head.status} ${head.getHeader('x-payload')}`)
            })
            send?.('hello')
          },
          async (app) => {
            const { status, headers, body } = await app.ask()
            assert.deepEqual([status, headers['x-payload'], body], [207, 'hello', 'hello'])
            assert.deepEqual(order, ['payload', 'commit 207 hello'])
          },
        )
      }
    },
  },
  {
    id: 'PAY-003',
    title: 'MUST hand the error of a payload hook to the framework, and show its page to the beforeCommit hooks but to no payload hook',
    needs: ['payload'],
    run: async (rig) => {
      const failures: Record<string, (error: Error) => unknown> = {
        '/throws': (error) => {
          throw error
        },
        '/rejects': (error) => turn().then(() => Promise.reject(error)),
      }
      const error = new Error('refused')
      const order: unknown[] = []
      await rig.serve(
        ({ exchange, send, req }) => {
          exchange.onPayload(() => void order.push('skipped'))
          exchange.onPayload(() => {
            order.push('fails')
            return failures[req.url ?? '']?.(error)
          })
          exchange.beforeCommit(async (head) => {
            await turn()
            order.push(head.status)
          })
          send?.({ a: 'secret' })
        },
        async (app) => {
          for (const [index, path] of Object.keys(failures).entries()) {
            const { status, body } = await app.ask(path)
            assert.equal(status, 500, path)
            assert(!body.includes('secret'), path)
            assert.equal((await app.outcome(index + 1)).error, error)
          }
          assert.deepEqual(order, ['fails', 500, 'fails', 500])
        },
        { onPayload: () => void order.push('the application') },
      )
    },
  },
  {
    id: 'PAY-004',
    title: 'MUST pass streams through the beforeCommit hooks only',
    needs: ['payload'],
    run: async (rig) => {
      const order: string[] = []
      await rig.serve(
        (call) => {
          const { exchange } = call
          exchange.onPayload(() => void order.push('payload'))
          exchange.beforeCommit(async () => {
            await turn()
            order.push('commit')
          })
          const stream = Readable.from(['hel', 'lo'])
          if (rig.framework === 'koa' || rig.framework === 'fastify') call.send?.(stream)
          else stream.pipe(call.res)
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'hello')
          assert.deepEqual(order, ['commit'])
        },
      )
    },
  },
  {
    id: 'PAY-005',
    title: 'MUST look as replied while payload hooks run, and ignore what else is written then',
    needs: ['payload', 'before'],
    run: async (rig) => {
      // Koa waits by itself: nothing has been replied as long as its middleware runs.
      if (rig.framework === 'koa') return
      const codes: unknown[] = []
      await rig.serve(
        ({ exchange, send, req }) => {
          const pass = gate()
          // Not `call.res`, which takes the reply away from Fastify.
          const res = noted.get(req)
          exchange.onPayload(() => pass.opened)
          send?.({ first: true })
          assert(res !== undefined)
          codes.push(res.headersSent, res.writableEnded)
          try {
            res.setHeader('x-late', 'yes')
          } catch (error) {
            codes.push((error as NodeJS.ErrnoException).code)
          }
          res.end()
          pass.open()
        },
        async (app) => {
          const { headers, body } = await app.ask()
          assert.deepEqual(JSON.parse(body), { first: true })
          assert.equal(headers['x-late'], undefined)
          assert.deepEqual(codes, [true, true, 'ERR_HTTP_HEADERS_SENT'])
        },
        { before: (req, res) => void noted.set(req, res) },
      )
    },
  },
  {
    id: 'PAY-006',
    title: 'MUST send nothing and run no further hook when the client leaves while payload hooks run',
    needs: ['payload', 'http1'],
    run: async (rig) => {
      const begun = gate()
      const pass = gate()
      const later: string[] = []
      await rig.serve(
        ({ exchange, send }) => {
          exchange.onPayload(() => void later.push('payload'))
          exchange.onPayload(async () => {
            begun.open()
            await pass.opened
          })
          exchange.beforeCommit(() => void later.push('commit'))
          send?.({ a: 'secret' })
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await begun.opened
          client.reset()
          const { kind, position, bytes } = await app.outcome()
          assert.deepEqual([kind, position, bytes], ['aborted', 'before-commit', 0])
          pass.open()
          await app.lifecycle.idle()
          await turn()
          assert.deepEqual(later, [])
          assert.deepEqual(app.faults, [])
        },
      )
    },
  },
  {
    id: 'PAY-007',
    title: 'MUST refuse a payload hook that is no function, or comes too late',
    run: async (rig) => {
      const codes: unknown[] = []
      await rig.serve(
        ({ exchange, res }) => {
          for (const hook of ['hook', () => {}]) {
            try {
              exchange.onPayload(hook as never)
            } catch (error) {
              codes.push(error instanceof LifecycleError && error.code)
            }
            if (hook === 'hook') res.end('hello')
          }
        },
        async (app) => {
          await app.ask()
          assert.deepEqual(codes, ['ERR_LIFECYCLE_INVALID_ARGUMENT', 'ERR_LIFECYCLE_COMMITTED'])
        },
      )
    },
  },
  {
    id: 'PAY-008',
    title: 'MUST let a payload hook replace the payload by null, which is a value like any other',
    needs: ['payload'],
    run: async (rig) => {
      const seen: unknown[] = []
      const hooks: PayloadHook[] = [() => null, async () => null]
      await rig.serve(
        ({ exchange, send }) => {
          exchange.onPayload((payload) => void seen.push(payload))
          exchange.onPayload(hooks.shift() as PayloadHook)
          send?.('a secret')
        },
        async (app) => {
          for (const n of [1, 2]) {
            const { status, body } = await app.ask()
            assert.equal(status, 200)
            assert(body === '' || body === 'null', body)
            assert.equal((await app.outcome(n)).kind, 'finished')
          }
          assert.deepEqual(seen, [null, null])
          assert.deepEqual(app.faults, [])
        },
      )
    },
  },
]
