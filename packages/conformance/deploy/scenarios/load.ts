import assert from 'node:assert/strict'
import type { Child } from '../child.js'
import { ask } from '../client.js'
import { type Load, startLoad } from '../load.js'
import type { Scenario, ServerName } from '../scenario.js'

/** Replies before the signal: enough for every connection to be in full swing. */
const before = 1_000
const slow = 5

/** Brings traffic, with some slow requests among it, and sends the signal in the middle. Resolves when the traffic is over. */
async function stopUnderLoad(child: Child, server: ServerName): Promise<Load> {
  const asked = Promise.all(Array.from({ length: slow }, () => ask(server, child.port, '/slow')))
  await child.event('slow', slow)
  const traffic = startLoad(server, child.port)
  await traffic.reached(before)
  child.signal()
  for (const status of await asked) assert.equal(status, 200)
  await traffic.over
  return traffic
}

/** SIGTERM in the middle of the traffic. */
export const load: Scenario = {
  id: 'DEP-001',
  title: 'MUST answer every request that was accepted, and do its work, when SIGTERM comes under load',
  servers: ['node', 'express', 'fastify', 'http2'],
  async run(server, start) {
    const child = await start('load', server)
    const traffic = await stopUnderLoad(child, server)
    child.release()
    const { report, seen } = await child.event('report')
    assert.equal(await child.exit, 0)
    assert.deepEqual([report?.clean, report?.tasks.lost, report?.exchanges.cut], [true, [], []])
    assert.deepEqual([seen?.finished, seen?.aborted, seen?.faults], [seen?.accepted, [], []])
    assert.deepEqual([...traffic.statuses], [[200, (seen?.accepted ?? 0) - slow]])
    assert.equal(child.rows().length, seen?.accepted)
  },
  control: {
    title: 'server.close() exits with 0 before the work of the slow requests',
    servers: ['node', 'express'],
    async run(server, start) {
      const child = await start('load', server, 'close')
      await stopUnderLoad(child, server)
      const { seen } = await child.event('closed')
      assert.equal(await child.exit, 0)
      assert(child.rows().length <= (seen?.accepted ?? 0) - slow)
    },
  },
}
