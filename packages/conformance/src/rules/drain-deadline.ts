import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLifecycle } from '@afterword/adapter-node'
import type { Exchange, TaskHandle } from '@afterword/lifecycle-core'
import { askHttp1 } from '../client.js'
import { gate, Latch } from '../latch.js'
import { listen } from '../probe.js'
import type { Rule } from '../rule.js'

function codeOf(signal: AbortSignal | undefined): string | undefined {
  return (signal?.reason as { code?: string } | undefined)?.code
}

/** What a drain does when waiting takes too long. */
export const drainDeadlineRules: readonly Rule[] = [
  {
    id: 'DRN-020',
    title: 'MUST abort the signals of exchanges and tasks at the soft deadline, those too that are asked for later',
    run: async (rig) => {
      const reached = gate()
      const hurried = gate()
      const waiting = gate()
      const late: (string | undefined)[] = []
      let ended: AbortSignal | undefined
      const heeded: (string | undefined)[] = []
      await rig.serve(
        async ({ exchange, req, reply }) => {
          if (req.url === '/unaware') {
            waiting.open()
            await hurried.opened
            late.push(codeOf(exchange.signal))
            return reply(200, 'hello')
          }
          if (req.url === '/task') {
            ended = exchange.signal
            exchange.after(async (_outcome, { signal }) => {
              await new Promise((resolve) => signal.addEventListener('abort', resolve))
              heeded.push(codeOf(signal))
              exchange.after((_again, context) => late.push(codeOf(context.signal)))
            })
            return reply(200, 'hello')
          }
          const { signal } = exchange
          reached.open()
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          heeded.push(codeOf(signal))
          hurried.open()
          return reply(503, 'sorry')
        },
        async (app) => {
          await app.ask('/task')
          await app.outcome()
          const unaware = app.ask('/unaware')
          await waiting.opened
          const asked = app.ask('/slow')
          await reached.opened
          const report = await app.lifecycle.drain({ server: app.server, softTimeout: 1, timeout: 600_000 })
          assert.equal((await asked).status, 503)
          assert.deepEqual(heeded, ['ERR_LIFECYCLE_DRAINING', 'ERR_LIFECYCLE_DRAINING'])
          assert.equal((await unaware).status, 200)
          assert.deepEqual(late, ['ERR_LIFECYCLE_DRAINING', 'ERR_LIFECYCLE_DRAINING'])
          assert.equal(ended?.aborted, false, 'that exchange has finished')
          assert.equal(report.clean, true)
          assert.equal(report.tasks.completed, 2)
        },
      )
    },
  },
  {
    id: 'DRN-021',
    title: 'MUST reach every signal at the soft deadline, although one of them ends other exchanges',
    needs: ['node', 'error-page'],
    run: async () => {
      // Nobody is told of outcomes here, so that an exchange is gone as soon as it has ended.
      const lifecycle = createLifecycle()
      const reached = new Latch<ServerResponse>()
      const told: (string | undefined)[] = []
      const server = createServer(
        lifecycle.listener((req, res) => {
          if (req.url !== '/2') {
            req.exchange.signal.addEventListener('abort', () => {
              told.push(req.url)
              reached.items[1]?.end()
              res.end()
            })
          }
          reached.add(res)
        }),
      )
      await listen(server)
      const asked: Promise<unknown>[] = []
      for (const n of [1, 2, 3]) {
        asked.push(askHttp1((server.address() as AddressInfo).port, `/${n}`))
        await reached.nth(n)
      }
      const draining = lifecycle.drain({ server, softTimeout: 1, timeout: 600_000 })
      await Promise.all(asked)
      assert.deepEqual(told, ['/1', '/3'])
      assert.equal((await draining).clean, true)
    },
  },
  {
    id: 'DRN-026',
    title: 'MUST reach every task at the soft deadline, although one of them cancels another',
    run: async (rig) => {
      const began = new Latch<string | undefined>()
      const answer = gate()
      const told: (string | undefined)[] = []
      let held: TaskHandle | undefined
      await rig.serve(
        async ({ exchange, req, reply }) => {
          if (req.url === '/held') {
            // Not yet to start, and between the two others in the order of their scheduling.
            held = exchange.after(() => {})
            began.add(req.url)
            await answer.opened
          } else {
            exchange.after(
              (_outcome, { signal }) =>
                new Promise<void>((resolve) => {
                  signal.addEventListener('abort', () => {
                    told.push(req.url)
                    held?.cancel()
                    resolve()
                  })
                  began.add(req.url)
                }),
            )
          }
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask('/first')
          await began.nth(1)
          const asked = app.ask('/held')
          await began.nth(2)
          await app.ask('/last')
          await began.nth(3)
          const draining = app.lifecycle.drain({ server: app.server, softTimeout: 1, timeout: 600_000 })
          while (told.length === 0) await new Promise((resolve) => setImmediate(resolve))
          assert.deepEqual(told, ['/first', '/last'])
          assert.equal(held?.state, 'cancelled')
          answer.open()
          await asked
          assert.equal((await draining).clean, true)
        },
      )
    },
  },
  {
    id: 'DRN-022',
    title: 'MUST abort what is stuck at the hard deadline, run its tasks in one last slot, and name it in the report',
    run: async (rig) => {
      const reached = gate()
      const outcomes: string[] = []
      let begun: Exchange | undefined
      await rig.serve(
        ({ exchange, res }) => {
          void res
          begun = exchange
          exchange.after(async ({ kind, reason }) => {
            await new Promise((resolve) => setImmediate(resolve))
            outcomes.push(`${kind} ${reason}`)
          })
          reached.open()
          return new Promise(() => {})
        },
        async (app) => {
          const asked = app.ask('/stuck').then(
            ({ status }) => status,
            () => 0,
          )
          await reached.opened
          const report = await app.lifecycle.drain({ server: app.server, timeout: 20 })
          assert.deepEqual(outcomes, ['aborted drain'])
          const [cut] = report.exchanges.cut
          assert.deepEqual(report.exchanges, {
            inFlightAtStart: 1,
            arrived: 0,
            rejected: 0,
            cut: [
              {
                exchangeId: begun?.id,
                route: begun?.route,
                method: 'GET',
                url: '/stuck',
                phase: 'handling',
                position: 'before-commit',
                ageMs: cut?.ageMs,
              },
            ],
            stuck: [{ method: 'GET', route: begun?.route, count: 1, oldestMs: cut?.ageMs }],
          })
          assert(Number(cut?.ageMs) > 0)
          assert.deepEqual([report.clean, report.suggestedExitCode], [false, 1])
          assert.deepEqual([report.tasks.completed, report.tasks.lost.length], [1, 0])
          assert.equal(codeOf(begun?.signal), 'ERR_LIFECYCLE_DRAINING')
          assert.equal(await asked, 0)
          assert.equal(app.server.listening, false)
        },
      )
    },
  },
  {
    id: 'DRN-023',
    title: 'MUST resolve at the hard deadline although tasks are stuck, and list them with name, exchange, route, state and age',
    run: async (rig) => {
      const began = gate()
      const never = gate()
      let begun: Exchange | undefined
      await rig.serve(
        ({ exchange, reply }) => {
          begun = exchange
          exchange.after(
            () => {
              began.open()
              return never.opened
            },
            { name: 'stuck' },
          )
          exchange.after(() => {}, { name: 'behind it' })
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await began.opened
          const { clean, suggestedExitCode, tasks, exchanges } = await app.lifecycle.drain({
            server: app.server,
            softTimeout: 600_000,
            timeout: 20,
          })
          assert.deepEqual([clean, suggestedExitCode], [false, 1])
          assert.deepEqual(exchanges.cut, [], 'its response had ended')
          const where = { exchangeId: begun?.id, route: begun?.route, handedOver: false }
          assert.deepEqual(
            tasks.lost.map(({ ageMs: _age, ...lost }) => lost),
            [
              { name: 'stuck', ...where, state: 'running' },
              { name: 'behind it', ...where, state: 'queued' },
            ],
          )
          for (const { ageMs } of tasks.lost) assert(ageMs > 0)
          never.open()
          await app.lifecycle.idle()
        },
        { concurrency: 1 },
      )
    },
  },
  {
    id: 'DRN-025',
    title: 'MUST let the client see that a response was cut at the hard deadline',
    run: async (rig) => {
      const reached = gate()
      await rig.serve(
        ({ res }) => {
          res.writeHead(200)
          res.write('the beginning')
          reached.open()
        },
        async (app) => {
          const asked = assert.rejects(app.ask())
          await reached.opened
          const { exchanges } = await app.lifecycle.drain({ server: app.server, timeout: 20 })
          assert.deepEqual(exchanges.cut.map(({ phase }) => phase), ['committed'])
          await asked
          assert.deepEqual([app.outcomes[0]?.reason, app.outcomes[0]?.position], ['drain', 'mid-response'])
        },
      )
    },
  },
  {
    id: 'DRN-024',
    title: 'MUST take deadlines that no timer can keep for none',
    run: async (rig) => {
      const reached = gate()
      const answer = gate()
      await rig.serve(
        async ({ exchange, reply }) => {
          const { signal } = exchange
          reached.open()
          await answer.opened
          reply(signal.aborted ? 503 : 200, 'hello')
        },
        async (app) => {
          const asked = app.ask()
          await reached.opened
          // Node makes such a timer 1 ms, and says so.
          const warnings: string[] = []
          const onWarning = ({ name }: Error) => warnings.push(name)
          process.on('warning', onWarning)
          const draining = app.lifecycle.drain({ server: app.server, timeout: 2 ** 40 })
          await new Promise((resolve) => setImmediate(resolve))
          process.off('warning', onWarning)
          assert(!warnings.includes('TimeoutOverflowWarning'))
          answer.open()
          assert.equal((await asked).status, 200)
          assert.equal((await draining).clean, true)
        },
      )
    },
  },
]
