import assert from 'node:assert/strict'
import type { Exchange, Fault } from '@afterword/lifecycle-core'
import { RawClient } from '../client.js'
import type { Rule } from '../rule.js'
import { withStderr } from '../stderr.js'

function fail(): never {
  throw new Error('out of order')
}

/** Collects what nobody catches while it works. It goes before the listeners of the process. */
async function withUncaught(work: (uncaught: unknown[]) => Promise<void>): Promise<void> {
  const uncaught: unknown[] = []
  process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error))
  try {
    await work(uncaught)
  } finally {
    process.setUncaughtExceptionCaptureCallback(null)
  }
}

/** The sink, and everything besides handlers and tasks that may throw. */
export const faultSinkRules: readonly Rule[] = [
  {
    id: 'FLT-005',
    title: 'MUST send what a commit listener throws to the sink, call the others, and write the head',
    run: async (rig) => {
      await rig.serve(
        ({ exchange, reply }) => {
          exchange.onCommit((head) => head.setHeader('x-first', 'yes'))
          exchange.onCommit(() => {
            throw new Error('listener')
          })
          exchange.onCommit((head) => head.setHeader('x-third', 'yes'))
          reply(200, 'hello')
        },
        async (app) => {
          const { status, headers, body } = await app.ask()
          assert.deepEqual([status, headers['x-first'], headers['x-third'], body], [200, 'yes', 'yes', 'hello'])
          await app.lifecycle.idle()
          const told = app.faults.map(({ error, fault }) => [(error as Error).message, fault.source])
          assert.deepEqual(told, [['listener', 'commit-listener']])
        },
      )
    },
  },
  {
    id: 'FLT-006',
    title: 'MUST send what a subscriber throws or rejects with to the sink, and go on',
    run: async (rig) => {
      let ran = 0
      const subscriber = (word: string) => () => {
        if (ran++ % 2 === 0) throw new Error(`${word} throws`)
        return Promise.reject(new Error(`${word} rejects`))
      }
      let tasks = 0
      let begun: Exchange | undefined
      await rig.serve(
        ({ exchange, reply }) => {
          begun = exchange
          exchange.after(() => tasks++)
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.ask()
          await app.lifecycle.idle()
          await app.fault(2)
          assert.equal(tasks, 2)
          await app.lifecycle.drain()
          begun?.after(() => {})
          begun?.after(() => {})
          await app.fault(6)
          assert.deepEqual(app.faults.flatMap(({ error, fault }) => (fault.source === 'subscriber' ? [(error as Error).message] : [])), [
            'onOutcome throws',
            'onOutcome rejects',
            'onRefused throws',
            'onRefused rejects',
          ])
        },
        { onOutcome: subscriber('onOutcome'), onRefused: subscriber('onRefused') },
      )
    },
  },
  {
    id: 'FLT-007',
    title: 'MUST tell the sink of a task\'s fault with its name, its exchange, where that was and how it ended',
    run: async (rig) => {
      let begun: Exchange | undefined
      await rig.serve(
        ({ exchange, reply }) => {
          begun = exchange
          exchange.after(
            () => {
              throw new Error('task')
            },
            { name: 'receipt' },
          )
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask('/orders')
          const { fault } = await app.fault()
          assert.deepEqual(fault, {
            source: 'task',
            phase: 'finished',
            exchangeId: begun?.id,
            task: 'receipt',
            outcome: begun?.outcome,
            route: begun?.route,
          } satisfies Partial<Record<keyof Fault, unknown>>)
          assert.equal(fault.outcome?.url, '/orders')
        },
      )
    },
  },
  {
    id: 'FLT-008',
    title: 'MUST write one line with both errors to stderr when the sink throws or rejects, and go on without recursion',
    run: (rig) =>
      withStderr(async (lines) => {
        let calls = 0
        let ran = 0
        const answers: (() => unknown)[] = [
          () => {
            throw new Error('sink throws')
          },
          () => Promise.reject(new Error('sink rejects')),
          // Not even this can be printed.
          () => {
            throw Object.create(null)
          },
        ]
        await rig.serve(
          ({ exchange, reply }) => {
            for (let n = 0; n < answers.length; n++) {
              exchange.after(() => {
                throw new Error(`task ${n}`)
              })
              exchange.after(() => ran++)
            }
            reply(200, 'hello')
          },
          async (app) => {
            await app.ask()
            await app.lifecycle.idle()
            await lines.nth(answers.length)
            assert.equal(ran, answers.length)
            assert.equal(calls, answers.length)
            const seen = lines.items.map((line) => JSON.parse(line) as { sinkError: string; error: string })
            assert.match(seen.find(({ error }) => error.includes('task 0'))?.sinkError ?? '', /sink throws/)
            assert.match(seen.find(({ error }) => error.includes('task 1'))?.sinkError ?? '', /sink rejects/)
            assert.equal(seen.find(({ error }) => error.includes('task 2'))?.sinkError, 'an error that cannot be printed')
            assert.equal(seen.length, answers.length)
          },
          { onError: () => answers[calls++]?.() },
        )
      }),
  },
  {
    id: 'FLT-009',
    title: 'MUST go on when the sink throws and stderr does, too',
    run: (rig) =>
      withStderr(async () => {
        let ran = 0
        console.error = fail
        await rig.serve(
          ({ exchange, reply }) => {
            exchange.after(fail)
            exchange.after(async () => fail())
            exchange.after(() => ran++)
            reply(200, 'hello')
          },
          async (app) => {
            await app.ask()
            await app.lifecycle.idle()
            assert.equal(ran, 1)
          },
          { onError: fail },
        )
      }),
  },
  {
    id: 'FLT-010',
    title: 'MUST end the exchange although a listener of the application on the response throws, which stays uncaught',
    needs: ['http1'],
    run: (rig) =>
      withUncaught(async (uncaught) => {
        const ran: string[] = []
        await rig.serve(
          ({ exchange, req, res }) => {
            exchange.after(({ kind }) => ran.push(`${req.url} ${kind}`))
            if (req.url === '/before') res.prependListener('finish', fail)
            else if (req.url === '/after') res.on('finish', fail)
            else res.on('close', fail)
            if (req.url === '/close') res.destroy()
            else res.end('hello')
          },
          async (app) => {
            for (const [index, path] of ['/before', '/after', '/close'].entries()) {
              const client = new RawClient(app.port)
              await client.request('GET', path)
              await app.outcome(index + 1)
              client.leave()
              await client.closed
              await app.lifecycle.idle()
            }
            assert.deepEqual(ran, ['/before finished', '/after finished', '/close aborted'])
            assert.equal(uncaught.length, 3)
            assert.equal(app.faults.length, 0)
          },
        )
      }),
  },
]
