import assert from 'node:assert/strict'
import { ask } from '../client.js'
import type { Scenario } from '../scenario.js'

/** `maxDepth`, unless it is set. */
const depthCap = 32

/** A task that schedules itself. */
export const endless: Scenario = {
  id: 'DEP-007',
  title: 'MUST end a task that schedules tasks for ever at the depth cap, loudly, and be done',
  servers: ['node', 'express', 'fastify', 'http2'],
  async run(server, start) {
    const child = await start('endless', server)
    assert.equal(await ask(server, child.port, '/'), 200)
    await child.event('first')
    child.signal()
    await child.event('draining')
    child.release()
    const { report, seen } = await child.event('report')
    assert.equal(await child.exit, 0)
    const { pendingAtStart, scheduled, completed, refused, lost } = report?.tasks ?? {}
    assert.deepEqual({ pendingAtStart, scheduled, completed, refused, lost }, { pendingAtStart: 1, scheduled: depthCap, completed: depthCap, refused: 1, lost: [] })
    assert.deepEqual(seen?.faults, ['ERR_LIFECYCLE_TASK_DEPTH'])
    assert.equal(child.rows().length, depthCap)
  },
  control: {
    title: 'without the cap only the hard deadline ends it, and the report names it',
    servers: ['node', 'fastify'],
    async run(server, start) {
      const child = await start('endless', server, 'afterword', 'uncapped')
      assert.equal(await ask(server, child.port, '/'), 200)
      await child.event('first')
      child.signal()
      await child.event('draining')
      child.release()
      const { report } = await child.event('report')
      assert.equal(await child.exit, 1)
      assert.deepEqual(report?.tasks.lost.map(({ name }) => name), ['step'])
    },
  },
}
