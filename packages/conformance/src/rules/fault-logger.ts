import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Exchange, FaultLogger } from '@afterword/lifecycle-core'
import createApp from 'fastify'
import { askHttp1 } from '../client.js'
import { Latch } from '../latch.js'
import { listen, stop } from '../probe.js'
import type { App, AppOptions, Rig } from '../rig.js'
import type { Rule } from '../rule.js'
import { withStderr } from '../stderr.js'

const failure = new Error('no mail server')

/** Serves one request whose task fails, and waits until what follows from that is over. */
async function failOnce(rig: Rig, options: AppOptions, check: (exchange: Exchange, app: App) => unknown): Promise<void> {
  let begun: Exchange | undefined
  await rig.serve(
    ({ exchange, reply }) => {
      begun = exchange
      exchange.after(
        () => {
          throw failure
        },
        { name: 'receipt' },
      )
      reply(200, 'hello')
    },
    async (app) => {
      await app.ask('/orders')
      await app.lifecycle.idle()
      await check(begun as Exchange, app)
    },
    options,
  )
}

/** What a line says of the fault of that task. */
function described(exchange: Exchange): object {
  const { id, route } = exchange
  return { source: 'task', phase: 'finished', exchangeId: id, task: 'receipt', outcome: 'finished', route }
}

/** Loggers as the sink. */
export const faultLoggerRules: readonly Rule[] = [
  {
    id: 'FLT-110',
    title: 'MUST log a fault once with the logger of the application: the error as err, and the fault, and nothing on stderr',
    run: (rig) =>
      withStderr(async (stderr) => {
        const lines = new Latch<unknown[]>()
        // A method that needs its object, as pino's do.
        const logger = {
          lines,
          error(...line: unknown[]) {
            this.lines.add(line)
          },
        }
        await failOnce(rig, { logger: logger as FaultLogger }, (exchange) => {
          assert.deepEqual(lines.items, [[{ err: failure, ...described(exchange) }, 'afterword fault']])
          assert.deepEqual(stderr.items, [])
        })
      }),
  },
  {
    id: 'FLT-111',
    title: 'MUST write one structured line on stderr where there is neither onError nor a logger, of the application or of Fastify',
    run: (rig) =>
      withStderr((stderr) =>
        failOnce(rig, { defaultSink: true }, (exchange) => {
          const [line, ...others] = stderr.items.map((each) => JSON.parse(each) as { error: string })
          assert.deepEqual(others, [])
          const { error, ...rest } = line as { error: string }
          assert.match(error, /^Error: no mail server\n +at /)
          assert.deepEqual(rest, { level: 'error', msg: 'afterword fault', ...described(exchange) })
        }),
      ),
  },
  {
    id: 'FLT-112',
    title: 'MUST write one line with both errors to stderr when the logger throws or rejects, and go on',
    run: async (rig) => {
      const loggers: FaultLogger[] = [
        {
          error() {
            throw new Error('the disk is full')
          },
        },
        { error: () => Promise.reject(new Error('the disk is full')) },
      ]
      for (const logger of loggers) {
        await withStderr((stderr) =>
          failOnce(rig, { logger }, async () => {
            await stderr.nth(1)
            assert.equal(stderr.items.length, 1)
            const line = JSON.parse(stderr.items[0] as string) as { msg: string; sinkError: string; error: string }
            assert.equal(line.msg, 'afterword sink failed')
            assert.match(line.sinkError, /the disk is full/)
            assert.match(line.error, /no mail server/)
          }),
        )
      }
    },
  },
  {
    id: 'FLT-113',
    title: 'MUST log a fault on Fastify with the logger of its request, unless the application names a sink',
    needs: ['fastify'],
    run: async (rig) => {
      for (const own of [false, true]) {
        const lines: { reqId?: string; err: { message: string } }[] = []
        // Fastify makes a pino logger of this.
        const stream = { write: (line: string) => lines.push(JSON.parse(line) as (typeof lines)[0]) }
        const logged: unknown[] = []
        const options: AppOptions = own ? { logger: { error: (fields) => logged.push(fields) } } : { defaultSink: true }
        await withStderr((stderr) =>
          failOnce(rig, { ...options, server: { logger: { level: 'error', stream } } }, (exchange) => {
            assert.deepEqual(stderr.items, [])
            assert.equal(logged.length, own ? 1 : 0)
            assert.equal(lines.length, own ? 0 : 1)
            if (own) return
            const { reqId, err, ...rest } = lines[0] as (typeof lines)[0]
            assert.match(reqId ?? '', /^req-/)
            assert.equal(err.message, 'no mail server')
            const { msg, ...fault } = { ...described(exchange), msg: 'afterword fault' }
            assert.deepEqual({ ...rest, ...fault, msg }, rest)
          }),
        )
      }
      // Before the end, too.
      const early: { reqId?: string; source: string }[] = []
      const stream = { write: (line: string) => early.push(JSON.parse(line) as (typeof early)[0]) }
      await rig.serve(
        ({ exchange, reply }) => {
          exchange.onCommit(() => {
            throw failure
          })
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask('/orders')
          await app.lifecycle.idle()
          assert.deepEqual(early.map(({ source }) => source), ['commit-listener'])
          assert.match(early[0]?.reqId ?? '', /^req-/)
        },
        { defaultSink: true, server: { logger: { level: 'error', stream } } },
      )
    },
  },
  {
    id: 'FLT-114',
    title: 'MUST log a fault on Fastify with the logger of the application where the exchange knows no request of Fastify\'s',
    needs: ['fastify'],
    run: async (rig) => {
      assert(rig.serveOwn)
      let other: Server | undefined
      const lines = new Latch<{ reqId?: string; source: string; err: { message: string } }>()
      const stream = { write: (line: string) => lines.add(JSON.parse(line) as never) }
      await withStderr(async (stderr) => {
        await rig.serveOwn?.(
          async (app, lifecycle) => {
            await app.register(lifecycle.plugin)
            other = createServer(
              lifecycle.listener((req: IncomingMessage & { exchange: Exchange }, res: ServerResponse) => {
                req.exchange.after(() => Promise.reject(failure))
                res.end('hello')
              }, { errorHandler() {} }),
            )
            await listen(other)
          },
          async (app) => {
            assert.equal((await askHttp1(((other as Server).address() as AddressInfo).port, '/')).status, 200)
            await app.lifecycle.idle()
            assert.deepEqual(lines.items.map(({ source, reqId, err }) => [source, reqId, err.message]), [['task', undefined, 'no mail server']])
            assert.deepEqual(stderr.items, [])
            await stop(other as Server)
          },
          { defaultSink: true, server: { logger: { level: 'error', stream } } },
        )
      })
    },
  },
  {
    id: 'FLT-115',
    title: 'MUST log a fault of an application on Fastify without a logger with that of another application of the same lifecycle',
    needs: ['fastify'],
    run: async (rig) => {
      assert(rig.serveOwn)
      const mute = createApp()
      const lines = new Latch<{ reqId?: string; err: { message: string } }>()
      const stream = { write: (line: string) => lines.add(JSON.parse(line) as never) }
      await withStderr(async (stderr) => {
        await rig.serveOwn?.(
          async (app, lifecycle) => {
            await mute.register(lifecycle.plugin)
            mute.get('/', (request, reply) => {
              request.exchange.after(() => Promise.reject(failure))
              return reply.send('hello')
            })
            await app.register(lifecycle.plugin)
          },
          async (app) => {
            assert.equal((await mute.inject('/')).statusCode, 200)
            await app.lifecycle.idle()
            assert.deepEqual(lines.items.map(({ reqId, err }) => [reqId, err.message]), [[undefined, 'no mail server']])
            assert.deepEqual(stderr.items, [])
            await mute.close()
          },
          { defaultSink: true, server: { logger: { level: 'error', stream } } },
        )
      })
    },
  },
]
