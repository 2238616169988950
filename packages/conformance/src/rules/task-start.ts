import assert from 'node:assert/strict'
import type { Exchange, Outcome, TaskContext, TaskHandle } from '@afterword/lifecycle-core'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'

function fail(): never {
  throw new Error('condition')
}

async function failLater(): Promise<never> {
  return fail()
}

/** When tasks start, in which order, and with what. */
export const taskStartRules: readonly Rule[] = [
  {
    id: 'TSK-001',
    title: 'MUST start tasks after the end, in the order in which they were scheduled',
    run: async (rig) => {
      const started: string[] = []
      await rig.serve(
        async ({ exchange, reply }) => {
          for (const name of ['first', 'second', 'third']) exchange.after(() => started.push(`${name} ${exchange.phase}`))
          // Time enough for tasks that do not wait for the end.
          await new Promise((resolve) => setImmediate(resolve))
          started.push('reply')
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          assert.deepEqual(started, ['reply', 'first finished', 'second finished', 'third finished'])
        },
      )
    },
  },
  {
    id: 'TSK-002',
    title: 'MUST start tasks in a turn of their own, after all that the end itself has set off',
    run: async (rig) => {
      const order: string[] = []
      await rig.serve(
        ({ exchange, res }) => {
          exchange.after(() => order.push('task'))
          res.on('finish', () => {
            order.push('finish')
            process.nextTick(() => order.push('tick'))
            void Promise.resolve().then(() => order.push('microtask'))
          })
          res.end('hello')
          order.push('handler')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          assert.deepEqual(order, ['handler', 'finish', 'tick', 'microtask', 'task'])
        },
      )
    },
  },
  {
    id: 'TSK-003',
    title: 'MUST run tasks whatever the outcome was',
    run: async (rig) => {
      const seen: string[] = []
      await rig.serve(
        ({ exchange, req, res }) => {
          exchange.after(({ kind, position }) => seen.push(`${kind} ${position}`))
          if (req.url === '/finish') res.end('hello')
          else res.destroy()
        },
        async (app) => {
          await app.ask('/finish')
          await app.lifecycle.idle()
          await app.ask('/abort').catch(() => {})
          await app.lifecycle.idle()
          assert.deepEqual(seen, ['finished null', 'aborted before-commit'])
        },
      )
    },
  },
  {
    id: 'TSK-004',
    title: 'MUST run a task on those outcomes only that `when` names, and cancel it on the others',
    run: async (rig) => {
      let ran: string[] = []
      let handles: TaskHandle[] = []
      await rig.serve(
        ({ exchange, req, res }) => {
          ran = []
          const task = (_outcome: Outcome, { name }: TaskContext) => ran.push(name)
          handles = [
            ...(['finished', 'aborted', 'success'] as const).map((when) => exchange.after(task, { when, name: when })),
            exchange.after(task, { when: ({ status }) => status === 404, name: 'predicate' }),
            exchange.after(task, { name: 'always' }),
          ]
          if (req.url === '/abort') return res.destroy()
          res.statusCode = Number(req.url?.slice(1))
          return res.end()
        },
        async (app) => {
          const expected = {
            '/200': ['finished', 'success', 'always'],
            '/399': ['finished', 'success', 'always'],
            '/400': ['finished', 'always'],
            '/404': ['finished', 'predicate', 'always'],
            '/abort': ['aborted', 'always'],
          }
          for (const [path, names] of Object.entries(expected)) {
            await app.ask(path).catch(() => {})
            await app.lifecycle.idle()
            assert.deepEqual(ran, names, path)
            for (const { name, state } of handles) {
              assert.equal(state, names.includes(name) ? 'completed' : 'cancelled', `${name} on ${path}`)
            }
          }
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'TSK-005',
    title: 'MUST count a task as failed whose condition throws or is async, report it once, and go on',
    run: async (rig) => {
      const failed: TaskHandle[] = []
      const ran: string[] = []
      await rig.serve(
        ({ exchange, reply }) => {
          failed.push(exchange.after(() => ran.push('throwing'), { when: fail }))
          failed.push(exchange.after(() => ran.push('async'), { when: failLater as unknown as () => boolean }))
          exchange.after(() => ran.push('next'))
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          assert.deepEqual(ran, ['next'])
          assert.deepEqual(failed.map(({ state }) => state), ['failed', 'failed'])
          const told = app.faults.map(({ error }) => (error as { code?: string }).code ?? (error as Error).message)
          assert.deepEqual(told, ['condition', 'ERR_LIFECYCLE_ASYNC_LISTENER'])
        },
      )
    },
  },
  {
    id: 'TSK-006',
    title: 'MUST give a task the frozen outcome, a signal, its name and the id of its exchange',
    run: async (rig) => {
      const given: [Outcome, TaskContext][] = []
      let begun: Exchange | undefined
      await rig.serve(
        ({ exchange, reply }) => {
          begun = exchange
          exchange.after(function receipt(outcome, context) {
            given.push([outcome, context])
          })
          exchange.after((outcome, context) => given.push([outcome, context]), { name: 'named' })
          exchange.after((outcome, context) => given.push([outcome, context]))
          reply(201, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          assert.deepEqual(given.map(([, { name }]) => name), ['receipt', 'named', 'task'])
          for (const [outcome, { signal, exchangeId }] of given) {
            assert.equal(outcome, begun?.outcome)
            assert(Object.isFrozen(outcome))
            assert.equal(outcome.status, 201)
            assert(signal instanceof AbortSignal && !signal.aborted)
            assert.equal(exchangeId, begun?.id)
          }
        },
      )
    },
  },
  {
    id: 'TSK-007',
    title: 'MUST run a task at once, in a later turn, when its exchange has ended or drained already',
    run: async (rig) => {
      const order: string[] = []
      let begun: Exchange | undefined
      await rig.serve(
        ({ exchange, reply }) => {
          begun = exchange
          exchange.after(() => {
            exchange.after(() => order.push(`while ${exchange.phase}`))
            order.push('parent')
          })
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          assert.equal(begun?.phase, 'drained')
          const handle = begun.after(({ kind }) => order.push(`late ${kind}`))
          order.push(`scheduled ${handle.state}`)
          assert.equal(app.lifecycle.isIdle, false)
          await app.lifecycle.idle()
          assert.deepEqual(order, ['parent', 'while finished', 'scheduled queued', 'late finished'])
          assert.equal(handle.state, 'completed')
        },
      )
    },
  },
  {
    id: 'TSK-008',
    title: 'MUST tell the outcome before the tasks start',
    run: async (rig) => {
      const order: string[] = []
      const onOutcome = () => order.push('outcome')
      await rig.serve(
        ({ exchange, reply }) => {
          exchange.after(() => order.push('task'))
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          assert.deepEqual(order, ['outcome', 'task'])
        },
        { onOutcome },
      )
    },
  },
  {
    id: 'TSK-009',
    title: 'MUST let the next request on the connection through while a burst of synchronous tasks is queued',
    needs: ['http1'],
    run: async (rig) => {
      const burst = 200
      let ran = 0
      await rig.serve(
        ({ exchange, req, reply }) => {
          for (let n = 0; req.url === '/burst' && n < burst; n++) {
            exchange.after(() => {
              ran++
              for (const until = performance.now() + 1; performance.now() < until; );
            })
          }
          reply(200, `reply to ${req.url}.`)
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/burst')
          await client.until(/reply to \/burst\./)
          await client.request('GET', '/next')
          await client.until(/reply to \/next\./)
          assert(ran < burst, 'the second reply came after all tasks')
          client.leave()
          await app.lifecycle.idle()
          assert.equal(ran, burst)
        },
      )
    },
  },
  {
    id: 'TSK-010',
    title: 'MUST run no more tasks at a time than `concurrency` allows, over all exchanges, and run all of them',
    run: async (rig) => {
      const waiting: (() => void)[] = []
      const started: string[] = []
      let most = 0
      let running = 0
      const full = gate()
      await rig.serve(
        ({ exchange, req, reply }) => {
          for (let n = 0; n < 3; n++) {
            exchange.after(async () => {
              started.push(`${req.url} ${n}`)
              most = Math.max(most, ++running)
              await new Promise<void>((resolve) => {
                waiting.push(resolve)
                if (waiting.length === 2) full.open()
              })
              running--
            })
          }
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask('/a')
          await app.outcome(1)
          await app.ask('/b')
          await app.outcome(2)
          await full.opened
          // One at a time from here on: each end makes one place.
          while (!app.lifecycle.isIdle) {
            waiting.shift()?.()
            await new Promise((resolve) => setImmediate(resolve))
          }
          assert.equal(most, 2)
          assert.deepEqual(started, ['/a 0', '/a 1', '/a 2', '/b 0', '/b 1', '/b 2'])
        },
        { concurrency: 2 },
      )
    },
  },
]
