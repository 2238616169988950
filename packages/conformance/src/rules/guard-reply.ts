import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import { channelNames } from '@afterword/adapter-node'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { App } from '../rig.js'
import type { Rule } from '../rule.js'

const options = { guard: true, callSites: false } as const

/** The codes of everything that reached the sink. */
export function codes(app: App): unknown[] {
  return app.faults.map(({ error, fault }) => `${(error as { code?: string }).code} ${fault.source}`)
}

/** What a double reply looks like there. */
export const doubleReply = 'ERR_LIFECYCLE_DOUBLE_REPLY handler'

/** Every way of touching a response that has been sent. */
const touches: Readonly<Record<string, (res: ServerResponse) => unknown>> = {
  setHeader: (res) => res.setHeader('x-second', '1'),
  setHeaders: (res) => (res as unknown as { setHeaders(fields: Map<string, string>): unknown }).setHeaders(new Map([['x-second', '1']])),
  appendHeader: (res) => res.appendHeader('x-second', '1'),
  removeHeader: (res) => res.removeHeader('content-length'),
  writeHead: (res) => res.writeHead(500),
  write: (res) => res.write('second'),
  end: (res) => res.end('second'),
  'the whole of it': (res) => {
    res.statusCode = 500
    res.setHeader('content-type', 'text/plain')
    res.removeHeader('content-length')
    res.writeHead(500)
    res.write('second')
    res.end('second')
  },
}

/** Second replies. */
export const guardReplyRules: readonly Rule[] = [
  {
    id: 'GRD-001',
    title: 'MUST let the first reply stand, and report the second once',
    needs: ['reply-at-once'],
    run: (rig) =>
      rig.serve(
        ({ reply }) => {
          reply(201, 'first', { 'x-reply': '1' })
          reply(500, 'second', { 'x-reply': '2' })
          reply(500, 'third', { 'x-reply': '3' })
        },
        async (app) => {
          const { status, body, headers } = await app.ask()
          assert.deepEqual([status, body, headers['x-reply']], [201, 'first', '1'])
          const { kind, status: told } = await app.outcome()
          assert.deepEqual([kind, told], ['finished', 201])
          await app.lifecycle.idle()
          assert.deepEqual(codes(app), [doubleReply])
        },
        options,
      ),
  },
  {
    id: 'GRD-002',
    title: 'MUST contain every method that would change or continue a response that has ended, and report each once',
    run: async (rig) => {
      for (const [name, touch] of Object.entries(touches)) {
        await rig.serve(
          ({ res }) => {
            res.end('first')
            if (name !== 'setHeaders' || 'setHeaders' in res) touch(res)
          },
          async (app) => {
            assert.equal((await app.ask()).body, 'first', name)
            assert.equal((await app.outcome()).kind, 'finished', name)
            await app.lifecycle.idle()
            assert.deepEqual(codes(app), [doubleReply], name)
          },
          options,
        )
      }
    },
  },
  {
    id: 'GRD-003',
    title: 'MUST contain a reply that a late callback makes, when the exchange has ended',
    needs: ['reply-at-once'],
    run: async (rig) => {
      const ended = gate()
      const replied = gate<unknown>()
      await rig.serve(
        ({ reply }) => {
          reply(200, 'first')
          void ended.opened.then(() => reply(500, 'second')).then(() => replied.open(undefined), replied.open)
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'first')
          await app.outcome()
          ended.open()
          assert.equal(await replied.opened, undefined)
          assert.equal((await app.fault()).fault.outcome?.kind, 'finished')
          assert.deepEqual(codes(app), [doubleReply])
        },
        options,
      )
    },
  },
  {
    id: 'GRD-004',
    title: 'MUST keep the connection, for the next request and for one that is pipelined',
    needs: ['http1', 'reply-at-once'],
    run: (rig) =>
      rig.serve(
        ({ req, reply }) => {
          reply(200, `reply to ${req.url}.`)
          reply(500, 'second')
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
          await client.until(/reply to \/2\./)
          await client.request('GET', '/3')
          await client.until(/reply to \/1\.[^]*reply to \/2\.[^]*reply to \/3\./)
          assert.doesNotMatch(client.received, /second|500/)
          await app.fault(3)
          client.leave()
        },
        options,
      ),
  },
  {
    id: 'GRD-005',
    title: 'MUST keep a second reply out of a body that is still being sent',
    run: async (rig) => {
      const intruders: Readonly<Record<string, (res: ServerResponse) => void>> = {
        writeHead: (res) => {
          res.writeHead(503, { 'content-type': 'text/plain' })
          res.end('too slow')
        },
        setHeader: (res) => {
          res.statusCode = 503
          res.setHeader('content-type', 'text/plain')
          res.write('too')
          res.end(' slow')
        },
      }
      for (const [name, intrude] of Object.entries(intruders)) {
        await rig.serve(
          async ({ res }) => {
            res.writeHead(200)
            await new Promise<void>((resolve) => void res.write('the first, ', () => resolve()))
            setImmediate(() => {
              intrude(res)
              setImmediate(() => {
                res.write('the whole of ')
                res.end('it')
              })
            })
          },
          async (app) => {
            const { status, body } = await app.ask()
            assert.deepEqual([status, body], [200, 'the first, the whole of it'], name)
            assert.equal((await app.outcome()).kind, 'finished', name)
            await app.lifecycle.idle()
            assert.deepEqual(codes(app), [doubleReply], name)
          },
          options,
        )
      }
    },
  },
  {
    id: 'GRD-006',
    title: 'MUST send the body of a reply whose own header comes after its head, and report the header',
    run: (rig) =>
      rig.serve(
        ({ res }) => {
          res.writeHead(200)
          res.setHeader('x-late', '1')
          res.end('all of it')
        },
        async (app) => {
          const { body, headers } = await app.ask()
          assert.deepEqual([body, headers['x-late']], ['all of it', undefined])
          await app.outcome()
          await app.lifecycle.idle()
          assert.deepEqual(codes(app), [doubleReply])
        },
        options,
      ),
  },
  {
    id: 'GRD-007',
    title: 'MUST call back what is dropped with an error, and let a stream that is piped there run out',
    run: async (rig) => {
      const called = gate<unknown[]>()
      await rig.serve(
        ({ res }) => {
          res.end('first')
          const results: unknown[] = []
          const callback = (error?: Error | null) => {
            results.push((error as { code?: string } | undefined)?.code)
            if (results.length === 3) called.open(results)
          }
          results.push(res.write('second', callback))
          res.end('second', 'utf8', callback)
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'first')
          const code = 'ERR_LIFECYCLE_DOUBLE_REPLY'
          assert.deepEqual(await called.opened, [true, code, code])
          await app.outcome()
        },
        options,
      )
    },
  },
  {
    id: 'GRD-008',
    title: 'MUST report one fault for a stream that goes on writing after the end, and publish every turn of it',
    run: async (rig) => {
      const messages: { method: string; error: unknown }[] = []
      const listener = (message: unknown) => void messages.push(message as (typeof messages)[number])
      const written = gate()
      subscribe(channelNames.doubleReply, listener)
      try {
        await rig.serve(
          async ({ res }) => {
            res.end('first')
            for (let count = 0; count < 5; count++) {
              await new Promise((resolve) => setImmediate(resolve))
              res.write('more')
            }
            written.open()
          },
          async (app) => {
            assert.equal((await app.ask()).body, 'first')
            await written.opened
            await app.lifecycle.idle()
            assert.deepEqual(codes(app), [doubleReply])
            assert.deepEqual(messages.map(({ method }) => method), ['write', 'write', 'write', 'write', 'write'])
            assert.equal(messages[0]?.error, app.faults[0]?.error)
          },
          options,
        )
      } finally {
        unsubscribe(channelNames.doubleReply, listener)
      }
    },
  },
  {
    id: 'GRD-009',
    title: 'MUST NOT take an end without a body for a second reply',
    run: (rig) =>
      rig.serve(
        ({ res }) => {
          res.end('first')
          res.end()
          res.end(() => {})
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'first')
          await app.outcome()
          await app.lifecycle.idle()
          assert.deepEqual(app.faults, [])
        },
        options,
      ),
  },
  {
    id: 'GRD-010',
    title: 'MUST throw at the second reply with guard: strict, report nothing itself, and let the first stand',
    run: async (rig) => {
      for (const [name, touch] of Object.entries(touches)) {
        const thrown = gate<{ code?: string; stack?: string }>()
        await rig.serve(
          ({ res }) => {
            const act = name === 'setHeaders' && !('setHeaders' in res) ? touches['end'] : touch
            let first: unknown
            res.end('first')
            try {
              act?.(res)
            } catch (error) {
              first = error
            }
            // However often.
            assert.throws(() => act?.(res), { code: 'ERR_LIFECYCLE_DOUBLE_REPLY' })
            thrown.open(first as Error)
          },
          async (app) => {
            assert.equal((await app.ask()).body, 'first', name)
            const { code, stack } = await thrown.opened
            assert.equal(code, 'ERR_LIFECYCLE_DOUBLE_REPLY', name)
            // The first frame is that of the caller.
            const [frame] = String(stack).split('\n').filter((line) => /^ +at /.test(line))
            assert.match(String(frame), /^ +at (?!.*(?:Response\.|secondReply))/, name)
            await app.lifecycle.idle()
            assert.deepEqual(app.faults, [], name)
          },
          { guard: 'strict', callSites: false },
        )
      }
    },
  },
  {
    id: 'GRD-011',
    title: 'MUST name both places of a double reply if call sites are noted, and neither if they are not',
    needs: ['reply-at-once'],
    run: async (rig) => {
      for (const callSites of [true, false]) {
        await rig.serve(
          ({ reply }) => {
            const first = () => reply(200, 'first')
            const second = () => reply(500, 'second')
            first()
            second()
          },
          async (app) => {
            await app.ask()
            const error = (await app.fault()).error as Error & { cause?: Error }
            assert.match(String(error.stack), /second/)
            assert.equal(error.cause instanceof Error, callSites)
            assert.equal(/at \S.*:\d+:\d+, after the response was claimed at \S.*:\d+:\d+\./.test(error.message), callSites, error.message)
            if (callSites) assert.match(String(error.cause?.stack), /\bfirst\b/)
            assert.doesNotMatch(error.message, /node:|unknown place/)
          },
          { guard: true, callSites },
        )
      }
    },
  },
  {
    id: 'GRD-012',
    title: 'MUST NOT report a reply to a client that has left',
    needs: ['http1'],
    run: async (rig) => {
      const begun = gate()
      const left = gate()
      const replied = gate<unknown>()
      await rig.serve(
        ({ res }) => {
          res.write('a part')
          begun.open()
          const reply = () => {
            res.writeHead(500)
            res.setHeader('x-late', '1')
            res.end('late')
            res.end('later')
          }
          void left.opened.then(reply).then(() => replied.open(undefined), replied.open)
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await begun.opened
          client.reset()
          assert.equal((await app.outcome()).kind, 'aborted')
          left.open()
          assert.equal(await replied.opened, undefined)
          await app.lifecycle.idle()
          assert.deepEqual(app.faults, [])
        },
        options,
      )
    },
  },
  {
    id: 'GRD-013',
    title: 'MUST contain a second reply where the first was made before the mount',
    needs: ['late-mount', 'before'],
    run: (rig) =>
      rig.serve(
        ({ res }) => {
          res.setHeader('x-late', '1')
          res.end('second')
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'first')
          await app.outcome()
          await app.lifecycle.idle()
          // On Express the handler is not reached at all.
          assert.deepEqual(codes(app), rig.name.startsWith('express') ? [] : [doubleReply])
        },
        { ...options, before: (_req, res) => void res.end('first') },
      ),
  },
]
