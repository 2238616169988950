import assert from 'node:assert/strict'
import { AsyncResource } from 'node:async_hooks'
import { Readable } from 'node:stream'
import { LifecycleError } from '@afterword/lifecycle-core'
import { gate } from '../latch.js'
import type { Call } from '../rig.js'
import type { Rule } from '../rule.js'

/** Belongs to no request. */
const outside = new AsyncResource('OUTSIDE')

/** Replies that wait for a hook. */
export const beforeHoldRules: readonly Rule[] = [
  {
    id: 'BCM-040',
    title: 'MUST hold every call in its order until the hooks have settled, and call back as it would without them',
    run: async (rig) => {
      const order: string[] = []
      const pass = gate()
      await rig.serve(
        ({ exchange, res }) => {
          exchange.beforeCommit(() => pass.opened)
          res.writeHead(202, { 'x-early': 'yes' })
          res.flushHeaders()
          res.write('one ', () => order.push('one'))
          res.write(Buffer.from('two '), () => order.push('two'))
          res.write('74687265', 'hex', () => order.push('three'))
          res.end(' end', () => order.push('end'))
          order.push(`${exchange.phase} ${res.headersSent} ${res.writableEnded}`)
          setImmediate(() => {
            order.push('opened')
            pass.open()
          })
        },
        async (app) => {
          const { status, headers, body } = await app.ask()
          assert.deepEqual([status, headers['x-early'], body], [202, 'yes', 'one two thre end'])
          assert.equal((await app.outcome()).kind, 'finished')
          assert.deepEqual(order.slice(0, 2), ['handling true true', 'opened'])
          assert.deepEqual(order.slice(2), ['one', 'two', 'three', 'end'])
        },
      )
    },
  },
  {
    id: 'BCM-041',
    title: 'MUST look as replied while it holds: a second reply and later fields are refused as after the head',
    run: async (rig) => {
      const pass = gate()
      const refusals: (string | undefined)[] = []
      const attempt = (call: () => unknown) => {
        try {
          call()
          refusals.push('taken')
        } catch (error) {
          refusals.push((error as NodeJS.ErrnoException).code?.replace('HTTP2', 'HTTP'))
        }
      }
      await rig.serve(
        ({ exchange, res }) => {
          exchange.beforeCommit(() => pass.opened)
          res.setHeader('x-kept', 'kept')
          res.end('first')
          attempt(() => res.setHeader('x-kept', 'changed'))
          attempt(() => res.appendHeader('x-kept', 'changed'))
          attempt(() => res.removeHeader('x-kept'))
          attempt(() => res.writeHead(404))
          res.statusCode = 404
          res.end()
          pass.open()
        },
        async (app) => {
          const { status, headers, body } = await app.ask()
          assert.deepEqual(refusals, Array.from({ length: 4 }, () => 'ERR_HTTP_HEADERS_SENT'))
          assert.deepEqual([status, headers['x-kept'], body], [200, 'kept', 'first'])
          assert.deepEqual(app.faults, [])
        },
      )
    },
  },
  {
    id: 'BCM-042',
    title: 'MUST push back while it holds, and let a stream that is longer than the bound through, unchanged',
    run: async (rig) => {
      const chunk = 'x'.repeat(64 * 1024)
      const pass = gate()
      let produced = 0
      let producedAtOpening = 0
      function* chunks() {
        for (; produced < 64; produced++) yield chunk
      }
      await rig.serve(
        ({ exchange, res }) => {
          exchange.beforeCommit(() => pass.opened)
          const source = Readable.from(chunks(), { objectMode: false })
          source.pipe(res)
          source.once('pause', () => setImmediate(() => setImmediate(() => {
            producedAtOpening = produced
            pass.open()
          })))
        },
        async (app) => {
          const { status, body } = await app.ask()
          assert.deepEqual([status, body.length], [200, 64 * chunk.length])
          assert(producedAtOpening < 8, `${producedAtOpening} chunks were produced behind a closed gate`)
          assert.equal((await app.outcome()).kind, 'finished')
        },
        { maxHeldBytes: 8 * chunk.length },
      )
    },
  },
  {
    id: 'BCM-043',
    title: 'MUST tell a writer that waits for \'drain\' when the reply has gone out',
    run: async (rig) => {
      const pass = gate()
      await rig.serve(
        ({ exchange, res }) => {
          exchange.beforeCommit(() => pass.opened)
          res.once('drain', () => res.end('.'))
          assert.equal(res.write('x'.repeat(res.writableHighWaterMark)), false)
          pass.open()
        },
        async (app) => {
          assert.equal((await app.ask()).body.replace(/x+/, 'x'), 'x.')
        },
      )
    },
  },
  {
    id: 'BCM-044',
    title: 'MUST refuse a reply that grows beyond maxHeldBytes, before an async hook runs if it can, and send nothing of it',
    run: async (rig) => {
      let begun = gate()
      let begins = 0
      const ways: Record<string, (call: Call) => unknown> = {
        '/piece': ({ reply }) => reply(200, 'x'.repeat(1001)),
        '/pieces': ({ res }) => {
          for (let index = 0; index < 101; index++) res.write('xxxxxxxxxx')
          res.end()
        },
        '/later': async ({ res }) => {
          res.write('x')
          await begun.opened
          res.end('x'.repeat(1000))
        },
        '/fits': ({ reply }) => reply(200, 'x'.repeat(1000)),
      }
      await rig.serve(
        (call) => {
          call.exchange.beforeCommit(async () => {
            begins++
            begun.open()
            await new Promise((resolve) => setImmediate(resolve))
          })
          ways[call.req.url ?? '']?.(call)
        },
        async (app) => {
          for (const [index, path] of ['/piece', '/pieces', '/later'].entries()) {
            begun = gate()
            const { status, body } = await app.ask(path)
            assert.equal(status, 500, path)
            assert(!body.includes('xxxxx'), path)
            const { error } = await app.outcome(index + 1)
            assert(error instanceof LifecycleError)
            assert.equal(error.code, 'ERR_LIFECYCLE_HELD_TOO_LARGE')
            assert.equal(begins, path === '/later' ? 1 : 0, path)
          }
          assert.equal((await app.ask('/fits')).body.length, 1000)
        },
        { maxHeldBytes: 1000 },
      )
    },
  },
  {
    id: 'BCM-045',
    title: 'MUST keep what a refused reply goes on to write out of its error page, and of the process',
    run: async (rig) => {
      const error = new Error('refused')
      const told: unknown[] = []
      await rig.serve(
        ({ exchange, res }) => {
          exchange.beforeCommit(async () => {
            await new Promise((resolve) => setImmediate(resolve))
            throw error
          })
          const goOn = () => {
            assert.equal(res.write('secret', () => told.push('late')), false)
            res.end('secret')
          }
          // While the error page is written, and from somewhere else.
          exchange.onCommit(() => outside.runInAsyncScope(goOn))
          const isTaken = res.write('a secret', (reason) => told.push(reason))
          assert.equal(isTaken, true)
        },
        async (app) => {
          const { status, body } = await app.ask()
          assert.equal(status, 500)
          assert(!body.includes('secret'))
          await app.outcome()
          await app.lifecycle.idle()
          await new Promise((resolve) => setImmediate(resolve))
          assert.deepEqual(told, [error, 'late'])
        },
      )
    },
  },
  {
    id: 'BCM-046',
    title: 'MUST answer for a handler that fails while its reply is held: by the error page before its end, by the reply after it',
    needs: ['error-page', 'handler-error'],
    run: async (rig) => {
      if (rig.answersFaults !== true) return
      const pass = gate()
      await rig.serve(
        ({ exchange, res, req }) => {
          exchange.beforeCommit(() => pass.opened)
          res.write('written')
          if (req.url === '/whole') res.end()
          setImmediate(() => setImmediate(() => pass.open()))
          throw new Error('handler')
        },
        async (app) => {
          const part = await app.ask('/part')
          assert.deepEqual([part.status, part.body], [500, 'Internal Server Error\n'])
          const whole = await app.ask('/whole')
          assert.deepEqual([whole.status, whole.body], [200, 'written'])
          for (const n of [1, 2]) assert.equal((await app.fault(n)).fault.source, 'handler')
        },
      )
    },
  },
  {
    id: 'BCM-047',
    title: 'MUST tell a writer that waits for \'drain\' also where Node has nothing to send',
    needs: ['http1'],
    run: async (rig) => {
      const pass = gate()
      await rig.serve(
        ({ exchange, res }) => {
          exchange.beforeCommit(() => pass.opened)
          res.once('drain', () => res.end())
          assert.equal(res.write('x'.repeat(res.writableHighWaterMark)), false)
          pass.open()
        },
        async (app) => {
          assert.equal((await app.ask('/', { method: 'HEAD' })).status, 200)
        },
      )
    },
  },
]
