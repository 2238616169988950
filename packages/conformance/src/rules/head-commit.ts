import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { channelNames } from '@afterword/lifecycle-core'
import type { Call } from '../rig.js'
import type { Rule } from '../rule.js'
import { serveBare, wireReply } from './head-wire.js'

type WriteHead = ServerResponse['writeHead']

/** The commit itself: once, when the head is written, whoever writes it. */
export const headCommitRules: readonly Rule[] = [
  {
    id: 'COM-023',
    title: 'MUST tell the committed status where the application replaced writeHead with one of its own',
    run: (rig) =>
      rig.serve(
        ({ res }) => {
          const native = nativeOf(res)
          res.writeHead = ((status: number) => native.call(res, status, { 'x-own': 'yes' })) as WriteHead
          res.writeHead(203)
          res.end('hello')
        },
        async (app) => {
          assert.equal((await app.ask()).status, 203)
          const { kind, status, headers } = await app.outcome()
          assert.deepEqual([kind, status, headers['x-own']], ['finished', 203, 'yes'])
        },
      ),
  },
  {
    id: 'COM-024',
    title: 'MUST see the head through a writeHead that was wrapped after the mount',
    run: async (rig) => {
      let calls = 0
      await rig.serve(
        ({ res, exchange }) => {
          const ours = res.writeHead as (status: number) => ServerResponse
          res.writeHead = ((status: number) => {
            res.setHeader('x-wrapper', 'first')
            return ours.call(res, status + 1)
          }) as WriteHead
          exchange.onCommit((head) => {
            calls++
            head.setHeader('x-listener', `saw ${head.status} and ${String(head.getHeader('x-wrapper'))}`)
          })
          res.end('hello')
          assert.equal(exchange.phase === 'handling', false)
        },
        async (app) => {
          const { status, headers } = await app.ask()
          assert.deepEqual([status, headers['x-listener'], calls], [201, 'saw 201 and first', 1])
          assert.equal((await app.outcome()).status, 201)
        },
      )
    },
  },
  {
    id: 'COM-025',
    title: 'MUST keep the status of the commit, whatever is assigned later',
    run: async (rig) => {
      const phases: string[] = []
      await rig.serve(
        ({ req, res, exchange }) => {
          if (req.url === '/heard') exchange.onCommit(() => {})
          res.writeHead(201)
          phases.push(exchange.phase)
          res.statusCode = 500
          if (req.url === '/cut') res.destroy()
          else res.end()
        },
        async (app) => {
          assert.equal((await app.ask('/')).status, 201)
          assert.equal((await app.ask('/heard')).status, 201)
          // Over HTTP/2 the head may come through.
          await app.ask('/cut').catch(() => {})
          await app.outcome(3)
          assert.deepEqual(app.outcomes.map(({ kind, status }) => `${kind} ${status}`), ['finished 201', 'finished 201', 'aborted 201'])
          assert.deepEqual(phases, ['committed', 'committed', 'committed'])
        },
      )
    },
  },
  {
    id: 'COM-026',
    title: 'MUST call no commit listener for a second head, also when the first went past the mount',
    run: async (rig) => {
      let calls = 0
      const codes: (string | undefined)[] = []
      await rig.serve(
        ({ res, exchange }) => {
          exchange.onCommit(() => void calls++)
          nativeOf(res).call(res, 201)
          for (const again of [() => res.writeHead(202), () => res.writeHead(202, { 'x-a': '1' })]) {
            try {
              again()
            } catch (error) {
              codes.push((error as NodeJS.ErrnoException).code)
            }
          }
          res.end()
        },
        async (app) => {
          assert.equal((await app.ask()).status, 201)
          assert.equal((await app.outcome()).status, 201)
          assert.equal(calls, 0)
          const code = rig.lacks.http1 === undefined ? 'ERR_HTTP_HEADERS_SENT' : 'ERR_HTTP2_HEADERS_SENT'
          assert.deepEqual(codes, [code, code])
        },
      )
    },
  },
  {
    id: 'COM-027',
    title: 'MUST publish the commit once, synchronously, and time it',
    run: async (rig) => {
      const published: unknown[] = []
      let handled: Call['exchange'] | undefined
      const listener = (message: unknown) => {
        const { exchange, status } = message as { exchange: Call['exchange']; status: number }
        if (exchange === handled) published.push([status, exchange.phase])
      }
      subscribe(channelNames.exchangeCommit, listener)
      try {
        await rig.serve(
          ({ res, exchange }) => {
            handled = exchange
            res.statusCode = 203
            assert.deepEqual(published, [])
            res.write('hel')
            assert.deepEqual(published, [[203, 'committed']])
            res.end('lo')
          },
          async (app) => {
            assert.equal((await app.ask()).body, 'hello')
            const { timeToCommitMs, durationMs } = await app.outcome()
            assert(timeToCommitMs !== null && durationMs !== null && timeToCommitMs >= 0 && timeToCommitMs <= durationMs)
            assert.equal(published.length, 1)
          },
        )
      } finally {
        unsubscribe(channelNames.exchangeCommit, listener)
      }
    },
  },
  {
    id: 'COM-028',
    title: 'MUST let a write after the end and a second end reach the application as without a mount',
    run: async (rig) => {
      const bare: string[] = []
      const mounted: string[] = []
      let expected = ''
      await serveBare(rig, (_req, res) => endTwice(res, bare), async ({ port }) => {
        expected = await wireReply(rig, port, '/')
      })
      await rig.serve(
        ({ res }) => endTwice(res, mounted),
        async (app) => {
          assert.equal(await wireReply(rig, app.port, '/'), expected)
          await app.outcome()
          await app.lifecycle.idle()
          assert.deepEqual(mounted, bare)
          assert(mounted.length > 1)
          assert.equal(app.outcomes.length, 1)
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'COM-029',
    title: 'MUST NOT take a head for written that a writeHead below the mount holds back',
    needs: ['node'],
    run: async (rig) => {
      let calls = 0
      await rig.serve(
        ({ res, exchange }) => {
          exchange.onCommit(() => void calls++)
          res.writeHead(201)
          assert.equal(exchange.phase, 'handling')
          res.writeHead(202)
          assert.equal(exchange.phase, 'committed')
          res.end('hello')
        },
        async (app) => {
          assert.equal((await app.ask()).status, 202)
          assert.equal((await app.outcome()).status, 202)
          assert.equal(calls, 1)
        },
        { server: { ServerResponse: Hesitant } },
      )
    },
  },
]

/** Writes after the end and ends again, and lists what Node says to each. */
function endTwice(res: ServerResponse, told: string[]): void {
  const tell = (what: string) => (error?: NodeJS.ErrnoException | null) => void told.push(`${what}: ${String(error?.code)}`)
  res.on('error', tell('error'))
  res.end('hello', tell('first end'))
  res.write('late', tell('late write'))
  res.end(tell('second end'))
  res.end('late', tell('third end'))
}

/** Writes its head only when it is told to for the second time. */
class Hesitant extends ServerResponse {
  private told = false

  override writeHead(...args: unknown[]): this {
    if (this.told) (super.writeHead as (...args: unknown[]) => unknown).call(this, ...args)
    this.told = true
    return this
  }
}

/** The method below every own property. */
function nativeOf(res: ServerResponse): (status: number, fields?: OutgoingHttpHeaders) => unknown {
  return (Object.getPrototypeOf(res) as ServerResponse).writeHead
}
