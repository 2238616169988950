import assert from 'node:assert/strict'
import { ask } from '../client.js'
import type { Scenario } from '../scenario.js'

/** A task that never settles. */
export const stuckTask: Scenario = {
  id: 'DEP-004',
  title: 'MUST name a stuck task in the report, hand it over, and exit with 1; a task that heeds its signal is done',
  servers: ['node', 'express', 'fastify', 'http2'],
  async run(server, start) {
    const child = await start('stuck-task', server)
    assert.equal(await ask(server, child.port, '/'), 200)
    await child.event('stuck')
    child.signal()
    const { report } = await child.event('report')
    assert.equal(await child.exit, 1)
    assert.deepEqual([report?.clean, report?.suggestedExitCode, report?.exchanges.cut], [false, 1, []])
    assert.deepEqual([report?.tasks.pendingAtStart, report?.tasks.scheduled, report?.tasks.completed], [2, 0, 1])
    assert.deepEqual(report?.tasks.lost.map(({ name, state }) => [name, state]), [['a stuck mail', 'running']])
    const [lost] = report?.tasks.lost ?? []
    assert((lost?.ageMs ?? 0) > 0)
    assert.match(lost?.exchangeId ?? '', /./)
    assert.deepEqual(child.rows(), ['heeded', 'handed over: {"to":"somebody"}'])
  },
  control: {
    title: 'server.close() loses both without a word, and exits with 0',
    servers: ['node', 'express'],
    async run(server, start) {
      const child = await start('stuck-task', server, 'close')
      assert.equal(await ask(server, child.port, '/'), 200)
      await child.event('stuck')
      child.signal()
      assert.equal(await child.exit, 0)
      assert.deepEqual([child.rows(), child.stderr], [[], ''])
    },
  },
}
