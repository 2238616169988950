import assert from 'node:assert/strict'
import { ask } from '../client.js'
import type { Scenario } from '../scenario.js'

/** Somebody does not want to wait. */
export const twice: Scenario = {
  id: 'DEP-008',
  title: 'MUST make a second SIGTERM the hard deadline: what is left is cut and named, and its tasks get their last slot',
  servers: ['node', 'express', 'fastify', 'http2'],
  async run(server, start) {
    const child = await start('twice', server)
    const stuck = ask(server, child.port, '/stuck')
    assert.equal(await ask(server, child.port, '/mail'), 200)
    await child.event('begun', 2)
    child.signal()
    await child.event('draining')
    child.signal()
    const { report, seen } = await child.event('report')
    assert.equal(await child.exit, 1)
    assert.equal(await stuck, 0)
    assert.deepEqual(report?.exchanges.cut.map(({ url }) => url), ['/stuck'])
    assert.deepEqual(report?.tasks.lost.map(({ name, state }) => [name, state]), [['a stuck mail', 'running']])
    assert.deepEqual([seen?.accepted, seen?.finished, seen?.aborted], [2, 1, ['drain /stuck']])
    assert.deepEqual(child.rows(), ['/mail', '/stuck'])
    assert.deepEqual(child.told.filter(({ event }) => event === 'report').length, 1)
  },
  control: {
    title: 'a second server.close() changes nothing: the process hangs until it is killed',
    servers: ['node', 'express'],
    async run(server, start) {
      const child = await start('twice', server, 'close', 'supervised')
      const stuck = ask(server, child.port, '/stuck')
      await child.event('begun')
      child.signal()
      await child.event('draining')
      child.signal()
      await child.event('draining', 2)
      assert.equal(await child.exit, 'SIGKILL')
      assert.equal(await stuck, 0)
      assert.deepEqual(child.rows(), [])
    },
  },
}
