import assert from 'node:assert/strict'
import { ask } from '../client.js'
import type { Scenario } from '../scenario.js'

const count = 10_000

/** A queue that is long when the signal comes. */
export const tenThousand: Scenario = {
  id: 'DEP-006',
  title: 'MUST work off ten thousand queued tasks, each of them once',
  servers: ['node', 'express', 'fastify', 'http2'],
  async run(server, start) {
    const child = await start('ten-thousand', server)
    const asked = ask(server, child.port, '/')
    await child.event('first')
    child.signal()
    assert.equal(await asked, 200)
    await child.event('draining')
    child.release()
    const { report } = await child.event('report')
    assert.equal(await child.exit, 0)
    const { pendingAtStart = 0, scheduled, completed, lost } = report?.tasks ?? {}
    assert.deepEqual([report?.clean, scheduled, completed, lost], [true, 0, pendingAtStart, []])
    assert(pendingAtStart >= count / 2, 'the second half at least was pending')
    assert.deepEqual(child.rows().map(Number).toSorted((a, b) => a - b), Array.from({ length: count }, (_, n) => n))
  },
  control: {
    title: 'server.close() exits with 0 and some of them undone',
    servers: ['node', 'express'],
    async run(server, start) {
      const child = await start('ten-thousand', server, 'close')
      const asked = ask(server, child.port, '/')
      await child.event('first')
      child.signal()
      assert.equal(await asked, 200)
      assert.equal(await child.exit, 0)
      assert(child.rows().length < count)
    },
  },
}
