import assert from 'node:assert/strict'
import { codes, FrameClient, request, rst } from '../frames.js'
import { gate } from '../latch.js'
import type { Call } from '../rig.js'
import type { Rule } from '../rule.js'
import { big, ended, streamOf } from './http2-stream.js'

const needs = ['http2'] as const

/** Ways in which a handler can give up its own stream. */
const ways: Record<string, (call: Call) => unknown> = {
  'stream.close(CANCEL)': (call) => streamOf(call).close(codes.CANCEL),
  'stream.close()': (call) => streamOf(call).close(),
  'stream.destroy()': (call) => streamOf(call).destroy(),
  'stream.destroy(error)': (call) => streamOf(call).destroy(new Error('given up')),
  'stream.destroy(null)': (call) => streamOf(call).destroy(null as never),
  'res.destroy()': (call) => call.res.destroy(),
  'res.destroy(error)': (call) => call.res.destroy(Object.assign(new Error('given up'), { code: 'ERR_HTTP2_INVALID_STREAM' })),
  // What a file, or a server behind this one, may fail with.
  'res.destroy(ENOENT)': (call) => call.res.destroy(Object.assign(new Error('no file'), { code: 'ENOENT', errno: -2, syscall: 'open' })),
  'res.destroy(ECONNRESET)': (call) => call.res.destroy(Object.assign(new Error('gone'), { code: 'ECONNRESET', errno: -104, syscall: 'read' })),
}

/** What this side does to a stream. */
export const serverSideRules: readonly Rule[] = [
  {
    id: 'H2-040',
    title: 'MUST abort as server, before the commit, when the handler gives up its stream, in any way',
    needs,
    run: async (rig) => {
      for (const [name, giveUp] of Object.entries(ways)) {
        await rig.serve(
          (call) => void giveUp(call),
          async (app) => {
            const client = new FrameClient(app.port)
            client.send(request(1))
            const outcome = await ended(app, 'server', 'before-commit')
            assert.equal(outcome.status, null, name)
            client.leave()
          },
        )
      }
    },
  },
  {
    id: 'H2-041',
    title: 'MUST abort as server, mid-response, when the handler gives up its stream after the head',
    needs,
    run: async (rig) => {
      for (const giveUp of Object.values(ways)) {
        await rig.serve(
          async (call) => {
            await new Promise<void>((resolve) => call.res.write('a part', () => resolve()))
            giveUp(call)
          },
          async (app) => {
            const client = new FrameClient(app.port)
            client.send(request(1))
            await ended(app, 'server', 'mid-response')
            client.leave()
          },
        )
      }
    },
  },
  {
    id: 'H2-042',
    title: 'MUST abort as server, unflushed, when the handler gives up what it has ended but the client has not taken',
    needs,
    run: async (rig) => {
      const { 'stream.close()': _graceful, ...abrupt } = ways
      for (const body of [big, 'small']) {
        for (const giveUp of Object.values(abrupt)) {
          await rig.serve(
            (call) => {
              call.res.end(body)
              giveUp(call)
            },
            async (app) => {
              const client = new FrameClient(app.port)
              client.send(request(1))
              await ended(app, 'server', 'unflushed')
              client.leave()
            },
          )
        }
      }
    },
  },
  {
    id: 'H2-049',
    title: 'MUST let a response finish whose stream the handler has closed in order, although the request ends meanwhile',
    needs,
    run: (rig) =>
      rig.serve(
        (call) => {
          call.res.end(big)
          streamOf(call).close()
          call.req.resume()
        },
        async (app) => {
          assert.equal((await app.ask('/', { method: 'POST', body: 'an order' })).body.length, big.length)
          await ended(app, null, null)
        },
      ),
  },
  {
    id: 'H2-046',
    title: 'MUST leave a stream alone whose handler throws after it has ended it',
    needs,
    run: (rig) =>
      rig.serve(
        (call) => {
          const stream = streamOf(call)
          stream.respond({ ':status': 200 })
          stream.end('whole')
          throw new Error('afterwards')
        },
        async (app) => {
          const client = new FrameClient(app.port)
          client.send(request(1))
          assert.equal(await client.body(1), 'whole')
          await ended(app, null, null)
          assert.equal(app.faults.length, 1)
          client.leave()
        },
      ),
  },
  {
    id: 'H2-047',
    title: 'MUST end the exchange although another listener of the stream throws',
    needs,
    run: async (rig) => {
      for (const event of ['close', 'aborted'] as const) {
        const received = gate()
        const strays = await withoutStrays(() =>
          rig.serve(
            ({ req, res }) => {
              req.once(event, () => {
                throw new Error('not ours')
              })
              received.open()
              if (event === 'close') res.end('hello')
            },
            async (app) => {
              const client = new FrameClient(app.port)
              client.send(request(1))
              await received.opened
              if (event === 'close') await ended(app, null, null)
              else {
                client.send(rst(1, codes.CANCEL))
                await ended(app, 'client', 'before-commit')
              }
              client.leave()
            },
          ),
        )
        assert.deepEqual(strays.map(String), ['Error: not ours'])
      }
    },
  },
]

/** Collects what is thrown past everybody, in the place of those who usually do. */
async function withoutStrays(work: () => Promise<void>): Promise<unknown[]> {
  const strays: unknown[] = []
  const collect = (error: unknown) => strays.push(error)
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', collect)
  try {
    await work()
  } finally {
    process.off('uncaughtException', collect)
    for (const other of others) process.on('uncaughtException', other)
  }
  return strays
}
