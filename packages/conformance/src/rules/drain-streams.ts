import assert from 'node:assert/strict'
import { once } from 'node:events'
import { gate } from '../latch.js'
import { openReader } from '../reader.js'
import type { Rule } from '../rule.js'

/** Responses that last. */
export const drainStreamsRules: readonly Rule[] = [
  {
    id: 'DRN-130',
    title: 'MUST let a long poll answer, and an event stream end in order, at the soft deadline',
    run: async (rig) => {
      const polling = gate()
      await rig.serve(
        async (call) => {
          const { signal } = call.exchange
          if (call.req.url === '/poll') {
            polling.open()
            await once(signal, 'abort')
            return call.reply(204, '')
          }
          // Reading it takes the reply away from the framework.
          const { res } = call
          res.writeHead(200, { 'content-type': 'text/event-stream' })
          res.write('data: 1\n\n')
          signal.addEventListener('abort', () => res.end('event: bye\n\n'))
        },
        async (app) => {
          const poll = app.ask('/poll')
          await polling.opened
          const events = openReader(rig, app.port, '/events')
          await events.answered
          const draining = app.lifecycle.drain({ server: app.server, softTimeout: 20, timeout: 600_000 })
          assert.equal(await events.resume(), 'data: 1\n\nevent: bye\n\n'.length)
          assert.equal((await poll).status, 204)
          assert.equal((await draining).clean, true)
        },
      )
    },
  },
]
