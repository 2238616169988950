import assert from 'node:assert/strict'
import { ask } from '../client.js'
import type { Scenario } from '../scenario.js'

/** A bug in a callback, which nobody catches. */
export const crash: Scenario = {
  id: 'DEP-012',
  title: 'MUST answer what is in flight, and do its work, after an uncaught exception, and exit with 1',
  servers: ['node', 'express', 'fastify', 'http2'],
  async run(server, start) {
    const child = await start('crash', server)
    const slow = ask(server, child.port, '/slow')
    await child.event('begun')
    await ask(server, child.port, '/crash')
    assert.equal(await slow, 200)
    const { report } = await child.event('report')
    assert.equal(await child.exit, 1)
    assert.equal(report?.clean, true)
    assert.deepEqual(child.rows(), ['/slow'])
    assert.match(child.stderr, /uncaughtException: Error: a bug/)
  },
  control: {
    title: 'the process dies under its requests',
    servers: ['node', 'express'],
    async run(server, start) {
      const child = await start('crash', server, 'close')
      const slow = ask(server, child.port, '/slow')
      await child.event('begun')
      await ask(server, child.port, '/crash')
      assert.equal(await child.exit, 1)
      assert.equal(await slow, 0)
      assert.deepEqual(child.rows(), [])
    },
  },
}
