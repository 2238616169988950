import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import { openReader } from '../reader.js'
import type { Call, Rig } from '../rig.js'
import type { Rule } from '../rule.js'
import { isHttp2 } from './head-wire.js'

/** A head that comes too late is no commit. */
export const headLateRules: readonly Rule[] = [
  {
    id: 'COM-008',
    title: 'MUST NOT call commit listeners nor commit once the client has left',
    run: async (rig) => {
      const left = gate()
      const handled = gate<Call>()
      let calls = 0
      await rig.serve(
        async (call) => {
          const { res, exchange } = call
          exchange.onCommit(() => void calls++)
          handled.open(call)
          await left.opened
          res.writeHead(200, { 'x-late': 'yes' })
          res.end('late')
        },
        async (app) => {
          const reader = openReader(rig, app.port)
          const { exchange } = await handled.opened
          reader.leave()
          const outcome = await app.outcome()
          left.open()
          await app.lifecycle.idle()
          assert.equal(calls, 0)
          assert.deepEqual([outcome.kind, outcome.status, outcome.position], ['aborted', null, 'before-commit'])
          assert.deepEqual(outcome.headers, {})
          assert.equal(exchange.phase, 'drained')
          assert.equal(app.outcomes.length, 1)
        },
      )
    },
  },
  {
    id: 'COM-009',
    title: 'MUST NOT call commit listeners nor commit on a response that was destroyed in the same turn',
    run: async (rig) => {
      if (isHttp2(rig)) {
        await neverCommits(rig, ({ res }) => streamOf(res).destroy())
        await neverCommits(rig, ({ res }) => streamOf(res).close())
      } else {
        await neverCommits(rig, ({ res }) => res.destroy())
        await neverCommits(rig, ({ req }) => req.socket.destroy())
      }
    },
  },
  {
    id: 'COM-013',
    title: 'MUST NOT call commit listeners nor commit on a queued response that was destroyed',
    needs: ['http1'],
    run: async (rig) => {
      let calls = 0
      const second = gate()
      await rig.serve(
        async ({ req, res, exchange }) => {
          if (req.url === '/first') {
            await second.opened
            res.end('hello')
            return
          }
          exchange.onCommit(() => void calls++)
          res.destroy()
          res.writeHead(200)
          res.end('late')
          second.open()
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.send('GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n')
          await app.outcome(2)
          await client.gone()
          assert.equal(calls, 0)
          const told = app.outcomes.map(({ url, kind, status }) => [url, kind, status]).toSorted()
          assert.deepEqual(told, [['/first', 'finished', 200], ['/second', 'aborted', null]])
        },
      )
    },
  },
]

/** Destroys, then replies in the same turn, before any event can say so. */
async function neverCommits(rig: Rig, destroy: (call: Call) => void): Promise<void> {
  let calls = 0
  await rig.serve(
    (call) => {
      const { res, exchange } = call
      exchange.onCommit(() => void calls++)
      destroy(call)
      res.writeHead(200)
      res.end('late')
      assert.notEqual(exchange.phase, 'committed')
    },
    async (app) => {
      const reader = openReader(rig, app.port)
      const outcome = await app.outcome()
      reader.leave()
      assert.equal(calls, 0)
      assert.deepEqual([outcome.kind, outcome.status, outcome.position], ['aborted', null, 'before-commit'])
      assert.equal(app.faults.length, 0)
    },
  )
}

function streamOf(res: ServerResponse): ServerHttp2Stream {
  return (res as unknown as { stream: ServerHttp2Stream }).stream
}
