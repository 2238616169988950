import assert from 'node:assert/strict'
import { ask } from '../client.js'
import type { Scenario } from '../scenario.js'

/** A handler that never answers. */
export const stuckHandler: Scenario = {
  id: 'DEP-003',
  title: 'MUST cut a stuck handler at the hard deadline, name it, run its tasks, and exit with 1; others are served',
  servers: ['node', 'express', 'fastify', 'http2'],
  async run(server, start) {
    const child = await start('stuck-handler', server)
    const stuck = ask(server, child.port, '/stuck')
    const slow = ask(server, child.port, '/slow')
    await child.event('begun', 2)
    child.signal()
    assert.equal(await slow, 200)
    const { report, seen } = await child.event('report')
    assert.equal(await child.exit, 1)
    assert.equal(await stuck, 0)
    assert.deepEqual([report?.clean, report?.suggestedExitCode, report?.exchanges.inFlightAtStart], [false, 1, 2])
    assert.deepEqual(report?.exchanges.cut.map(({ method, url, phase }) => [method, url, phase]), [['GET', '/stuck', 'handling']])
    assert.deepEqual([seen?.accepted, seen?.finished, seen?.aborted], [2, 1, ['drain /stuck']])
    assert.deepEqual([report?.tasks.completed, report?.tasks.lost], [2, []])
    assert.deepEqual(child.rows(), ['/slow', '/stuck'])
  },
  control: {
    title: 'server.close() never comes to an end: the process is killed, and nobody knows why',
    servers: ['node', 'express'],
    async run(server, start) {
      const child = await start('stuck-handler', server, 'close')
      const asked = ['/stuck', '/slow'].map((path) => ask(server, child.port, path))
      await child.event('begun', 2)
      child.signal()
      assert.equal(await child.exit, 'SIGKILL')
      assert.deepEqual(await Promise.all(asked), [0, 200])
      assert.equal(child.rows().includes('/stuck'), false)
    },
  },
}
