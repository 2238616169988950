import assert from 'node:assert/strict'
import { codes, data, FrameClient, request, rst } from '../frames.js'
import { gate } from '../latch.js'
import type { Call } from '../rig.js'
import type { Rule } from '../rule.js'
import { big, ended, streamOf } from './http2-stream.js'

const needs = ['http2'] as const

/** HTTP/2 responses that the library itself has to end. */
export const cutRules: readonly Rule[] = [
  {
    id: 'H2-043',
    title: 'MUST reset the stream of an HTTP/2 response that reaches its deadline, so that the client sees the truncation',
    needs,
    run: async (rig) => {
      for (const begin of [() => {}, (call: Call) => call.res.write('a part'), (call: Call) => call.res.end(big)]) {
        const received = gate<Call>()
        await rig.serve(
          (call) => {
            begin(call)
            received.open(call)
          },
          async (app) => {
            const client = new FrameClient(app.port)
            client.send(request(1))
            const stream = streamOf(await received.opened)
            const outcome = await app.outcome()
            assert.equal(outcome.reason, 'deadline')
            assert.equal((await client.until('RST_STREAM', 1)).payload.readUInt32BE(), codes.INTERNAL_ERROR)
            assert.equal(stream.destroyed, true)
            await app.lifecycle.idle()
            assert.equal(app.outcomes.length, 1)
            client.leave()
          },
          { exchangeTimeout: 50 },
        )
      }
    },
  },
  {
    id: 'H2-044',
    title: 'MUST cut HTTP/2 streams at the hard deadline of a drain, as drain',
    needs,
    run: (rig) => {
      const received = gate()
      return rig.serve(
        () => received.open(),
        async (app) => {
          const client = new FrameClient(app.port)
          client.send(request(1))
          await received.opened
          const report = await app.lifecycle.drain({ timeout: 50 })
          assert.equal(report.exchanges.cut.length, 1)
          await ended(app, 'drain', 'before-commit')
          client.leave()
        },
      )
    },
  },
  {
    id: 'H2-045',
    title: 'MUST reset the stream when an HTTP/2 handler throws after the head',
    needs,
    run: (rig) =>
      rig.serve(
        async ({ res }) => {
          await new Promise<void>((resolve) => res.write('a part', () => resolve()))
          throw new Error('half way')
        },
        async (app) => {
          const client = new FrameClient(app.port)
          client.send(request(1))
          assert.equal((await client.until('RST_STREAM', 1)).payload.readUInt32BE(), codes.INTERNAL_ERROR)
          const outcome = await ended(app, 'server', 'mid-response')
          assert.equal((outcome.error as Error).message, 'half way')
          assert.equal((await app.fault()).fault.source, 'handler')
          client.leave()
        },
      ),
  },
  {
    id: 'H2-048',
    title: 'MUST let go, at the deadline, of a stream that Node does not close: reset without an error, with a body that is not read',
    needs,
    run: (rig) => {
      const received = gate<Call>()
      return rig.serve(
        (call) => {
          call.res.end(big)
          streamOf(call).once('readable', () => received.open(call))
        },
        async (app) => {
          const client = new FrameClient(app.port)
          client.send(request(1, 'POST'), data(1, 'a part'))
          const stream = streamOf(await received.opened)
          await client.until('DATA', 1)
          client.send(rst(1, codes.NO_ERROR))
          await ended(app, 'deadline', 'unflushed')
          assert.equal(stream.destroyed, true)
          client.leave()
        },
        { exchangeTimeout: 50 },
      )
    },
  },
  {
    id: 'H2-050',
    title: 'MUST NOT destroy, at the deadline, a stream that the handler has closed in order: Node spins if its body is being sent',
    needs,
    run: (rig) => {
      const received = gate<Call>()
      return rig.serve(
        (call) => {
          call.res.end(big)
          streamOf(call).close()
          received.open(call)
        },
        async (app) => {
          const client = new FrameClient(app.port)
          client.send(request(1))
          const stream = streamOf(await received.opened)
          await ended(app, 'deadline', 'unflushed')
          assert.equal(stream.destroyed, false)
          client.leave()
        },
        { exchangeTimeout: 50 },
      )
    },
  },
]
