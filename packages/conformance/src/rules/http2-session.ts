import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { codes, FrameClient, goaway, nonsense, request } from '../frames.js'
import { gate } from '../latch.js'
import type { Call } from '../rig.js'
import type { Rule } from '../rule.js'
import { big, ended, streamOf } from './http2-stream.js'

const needs = ['http2'] as const

/** Sessions that end, and take their streams with them. */
export const sessionRules: readonly Rule[] = [
  {
    id: 'H2-030',
    title: 'MUST abort as client when the connection of the session is reset or closed by the client, before the reply',
    needs,
    run: async (rig) => {
      for (const goes of ['reset', 'leave'] as const) {
        const received = gate()
        await rig.serve(
          () => received.open(),
          async (app) => {
            const client = new FrameClient(app.port)
            client.send(request(1))
            await received.opened
            await client.ping()
            client[goes]()
            await ended(app, 'client', 'before-commit')
          },
        )
      }
    },
  },
  {
    id: 'H2-031',
    title: 'MUST abort as client, unflushed, when the connection goes after the end but before all was taken',
    needs,
    run: async (rig) => {
      for (const goes of ['reset', 'leave'] as const) {
        await rig.serve(
          ({ res }) => void res.end(big),
          async (app) => {
            const client = new FrameClient(app.port)
            client.send(request(1))
            await client.until('DATA', 1)
            await client.ping()
            client[goes]()
            await ended(app, 'client', 'unflushed')
          },
        )
      }
    },
  },
  {
    id: 'H2-032',
    title: 'MUST abort as server, unflushed, when this side destroys the session or its socket under a response',
    needs,
    run: async (rig) => {
      for (const way of ['session', 'socket'] as const) {
        const received = gate<Call>()
        await rig.serve(
          (call) => {
            call.res.end(big)
            received.open(call)
          },
          async (app) => {
            const sockets: Socket[] = []
            app.server.on('connection', (socket) => sockets.push(socket))
            const client = new FrameClient(app.port)
            client.send(request(1))
            const call = await received.opened
            await client.until('DATA', 1)
            if (way === 'session') streamOf(call).session?.destroy()
            else sockets[0]?.destroy()
            await ended(app, 'server', 'unflushed')
            client.leave()
          },
        )
      }
    },
  },
  {
    id: 'H2-033',
    title: 'MUST abort as client when the client gives up the session with an error code',
    needs,
    run: async (rig) => {
      const received = gate()
      await rig.serve(
        () => received.open(),
        async (app) => {
          // The rule is about the exchange: the server's own report of the broken session is not.
          app.server.on('sessionError', () => {})
          const client = new FrameClient(app.port)
          client.send(request(1))
          await received.opened
          client.send(goaway(codes.INTERNAL_ERROR))
          await ended(app, 'client', 'before-commit')
          client.leave()
        },
      )
    },
  },
  {
    id: 'H2-034',
    title: 'MUST finish the open streams of a session that either side closes in order',
    needs,
    run: async (rig) => {
      for (const side of ['client', 'server'] as const) {
        const received = gate<Call>()
        const going = gate()
        await rig.serve(
          async (call) => {
            received.open(call)
            await going.opened
            call.reply(200, 'still here')
          },
          async (app) => {
            const client = new FrameClient(app.port)
            client.send(request(1))
            const { session } = streamOf(await received.opened)
            if (side === 'server') session?.close()
            else {
              const told = new Promise((resolve) => session?.once('goaway', resolve))
              client.send(goaway(codes.NO_ERROR))
              await told
            }
            going.open()
            assert.equal(await client.body(1), 'still here')
            await ended(app, null, null)
            client.leave()
          },
        )
      }
    },
  },
  {
    id: 'H2-035',
    title: 'MUST abort as parse-error when what the client sends is not HTTP/2',
    needs,
    run: async (rig) => {
      const received = gate()
      await rig.serve(
        () => received.open(),
        async (app) => {
          app.server.on('sessionError', () => {})
          const client = new FrameClient(app.port)
          client.send(request(1))
          await received.opened
          client.send(nonsense(1))
          await ended(app, 'parse-error', 'before-commit')
          client.leave()
        },
        // Node 20 reports the first broken frame only if none is allowed.
        { server: { maxSessionInvalidFrames: 0 } },
      )
    },
  },
  {
    id: 'H2-036',
    title: 'MUST ask HTTP/2 clients to open no more streams while draining, and let the open ones finish',
    needs,
    run: async (rig) => {
      const received = gate()
      const going = gate()
      await rig.serve(
        async ({ reply }) => {
          received.open()
          await going.opened
          reply(200, 'the last')
        },
        async (app) => {
          const client = new FrameClient(app.port)
          client.send(request(1))
          await received.opened
          const report = app.lifecycle.drain()
          await client.until('GOAWAY', 0)
          going.open()
          assert.equal(await client.body(1), 'the last')
          await ended(app, null, null)
          assert.equal((await report).clean, true)
          client.leave()
        },
      )
    },
  },
]
