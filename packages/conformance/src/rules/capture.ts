import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { captureBody, LifecycleError, type CaptureOptions, type Outcome } from '@afterword/lifecycle-core'
import { gate } from '../latch.js'
import type { Call, Rig } from '../rig.js'
import type { Rule } from '../rule.js'

interface Captured {
  readonly text: string | undefined
  readonly truncated: boolean | undefined
  readonly sent: string
}

/** Serves one request with a capture, and tells what a task read of it. */
async function captured(rig: Rig, options: CaptureOptions | undefined, handler: (call: Call) => unknown, method = 'GET'): Promise<Captured> {
  const read = gate<Pick<Captured, 'text' | 'truncated'>>()
  let sent = ''
  await rig.serve(
    (call) => {
      if (options !== undefined) call.exchange.captureBody(options)
      call.exchange.after(({ body }) => read.open({ text: body?.text(), truncated: body?.truncated }))
      return handler(call)
    },
    async (app) => {
      sent = (await app.ask('/', { method })).body
      await read.opened
      await app.lifecycle.idle()
      assert.deepEqual(app.faults, [])
    },
  )
  return { ...(await read.opened), sent }
}

/** `captureBody`: what was sent, for the tasks behind it. */
export const captureRules: readonly Rule[] = [
  {
    id: 'CAP-001',
    title: 'MUST give tasks the body that was sent, however it was written, and null when nobody asked for it',
    run: async (rig) => {
      const ways: readonly ((call: Call) => unknown)[] = [
        ({ reply }) => reply(200, 'häl', {}),
        ({ res }) => {
          res.write('h')
          res.write(Buffer.from('ä'))
          res.end('6c', 'hex' as never)
        },
        ({ res }) => res.writeHead(200).end(new Uint8Array(Buffer.from('häl')) as never),
        ({ res }) => Readable.from(['hä', 'l']).pipe(res),
        async ({ res, exchange }) => {
          exchange.beforeCommit(async () => {})
          res.write('hä')
          res.end('l')
        },
      ]
      for (const way of ways) {
        assert.deepEqual(await captured(rig, {}, way), { text: 'häl', truncated: false, sent: 'häl' })
        assert.deepEqual(await captured(rig, undefined, way), { text: undefined, truncated: undefined, sent: 'häl' })
      }
    },
  },
  {
    id: 'CAP-002',
    title: 'MUST keep no more than its limit, and say that there was more',
    run: async (rig) => {
      const text = 'x'.repeat(10)
      const pieces = ({ res }: Call) => {
        for (const piece of [text, Buffer.from(text), text]) res.write(piece)
        res.end(text)
      }
      assert.deepEqual(await captured(rig, { limit: 40 }, pieces), { text: text.repeat(4), truncated: false, sent: text.repeat(4) })
      assert.deepEqual(await captured(rig, { limit: 15 }, pieces), { text: 'x'.repeat(15), truncated: true, sent: text.repeat(4) })
      assert.deepEqual(await captured(rig, { limit: 3 }, ({ reply }) => reply(200, 'ääää')), { text: 'ä\ufffd', truncated: true, sent: 'ääää' })
    },
  },
  {
    id: 'CAP-003',
    title: 'MUST keep the types that are wanted, wherever the type was set, and no others',
    run: async (rig) => {
      const types = ['Application/JSON', 'text/*']
      const by: Record<string, (call: Call, type: string) => unknown> = {
        reply: ({ reply }, type) => reply(200, '[]', { 'content-type': type }),
        writeHead: ({ res }, type) => res.writeHead(200, { 'content-type': type }).end('[]'),
      }
      for (const [name, way] of Object.entries(by)) {
        for (const [type, wanted] of Object.entries({ 'application/json; charset=utf-8': '[]', 'text/html': '[]', 'image/png': undefined })) {
          const { text } = await captured(rig, { types }, (call) => way(call, type))
          assert.equal(text, wanted, `${name} ${type}`)
        }
      }
    },
  },
  {
    id: 'CAP-004',
    title: 'MUST keep nothing of a body that is not sent: of HEAD, 204 and 304, and of a reply that a hook refuses',
    run: async (rig) => {
      assert.deepEqual(await captured(rig, {}, ({ res }) => res.end('hello'), 'HEAD'), { text: '', truncated: false, sent: '' })
      for (const status of [204, 304]) {
        const { text } = await captured(rig, {}, ({ res }) => {
          res.statusCode = status
          res.end('hello')
        })
        assert.equal(text, '')
      }
      const pages: { text: string | undefined; sent: string }[] = []
      const read = gate()
      await rig.serve(
        ({ exchange, reply }) => {
          exchange.beforeCommit(() => Promise.reject(new Error('refused')))
          exchange.after(({ body }) => {
            pages.push({ text: body?.text(), sent: '' })
            read.open()
          })
          reply(200, 'a secret')
        },
        async (app) => {
          const { body } = await app.ask()
          await read.opened
          assert.equal(pages[0]?.text, body)
          assert(!body.includes('secret'))
        },
        { captureBody: {} },
      )
    },
  },
  {
    id: 'CAP-005',
    title: 'MUST let go of the body when the exchange has drained, though the outcome is kept',
    run: async (rig) => {
      let kept: Outcome | undefined
      const read = gate<string | undefined>()
      await rig.serve(
        ({ exchange, reply }) => {
          captureBody()
          exchange.after(async (outcome) => {
            kept = outcome
            await new Promise((resolve) => setImmediate(resolve))
            read.open(outcome.body?.text())
          })
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          assert.equal(await read.opened, 'hello')
          await app.lifecycle.idle()
          assert.throws(() => kept?.body?.text(), (error) => error instanceof LifecycleError && error.code === 'ERR_LIFECYCLE_BODY_RELEASED')
          assert.deepEqual(JSON.parse(JSON.stringify(kept?.body)), { size: 5, truncated: false })
        },
      )
    },
  },
  {
    id: 'CAP-006',
    title: 'MUST keep what was sent, though the application uses its buffer again',
    run: async (rig) => {
      const { text, sent } = await captured(rig, {}, ({ res }) => {
        const buffer = Buffer.from('hello')
        res.write(buffer, () => {
          buffer.fill('x')
          res.end()
        })
      })
      assert.deepEqual([text, sent], ['hello', 'hello'])
    },
  },
  {
    id: 'CAP-007',
    title: 'MUST refuse to capture what is already being sent, and options that are none',
    run: async (rig) => {
      const codes: unknown[] = []
      await rig.serve(
        ({ exchange, res }) => {
          const attempt = (options?: unknown) => {
            try {
              exchange.captureBody(options as CaptureOptions)
            } catch (error) {
              codes.push(error instanceof LifecycleError && error.code)
            }
          }
          attempt({ limit: '1' })
          attempt({ limits: 1 })
          attempt(null)
          res.end('hello')
          attempt()
        },
        async (app) => {
          await app.ask()
          const names = ['INVALID_OPTION', 'UNKNOWN_OPTION', 'INVALID_ARGUMENT', 'COMMITTED']
          assert.deepEqual(codes, names.map((name) => `ERR_LIFECYCLE_${name}`))
        },
      )
    },
  },
]
