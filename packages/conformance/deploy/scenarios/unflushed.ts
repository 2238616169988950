import assert from 'node:assert/strict'
import { open } from '../client.js'
import type { Scenario } from '../scenario.js'

const size = 48 * 1024 * 1024

/** A download that the application has ended, and the client has not read. */
export const unflushed: Scenario = {
  id: 'DEP-002',
  title: 'MUST deliver every byte of a response that has ended but is not flushed when SIGTERM comes',
  servers: ['node', 'express', 'fastify', 'http2'],
  async run(server, start) {
    const child = await start('unflushed', server)
    const reading = open(server, child.port, '/')
    await reading.answered
    await child.event('ended')
    child.signal()
    await child.event('draining')
    assert.deepEqual(child.rows(), [], 'it is not delivered yet')
    const { bytes, whole } = await reading.read()
    assert.deepEqual([bytes, whole], [size, true])
    const { report, seen } = await child.event('report')
    assert.equal(await child.exit, 0)
    assert.deepEqual([report?.clean, report?.exchanges.inFlightAtStart, seen?.finished, seen?.aborted], [true, 1, 1, []])
    assert.deepEqual(child.rows(), ['delivered'])
  },
  control: {
    title: 'server.close() truncates it, and exits with 0',
    servers: ['node', 'express'],
    async run(server, start) {
      const child = await start('unflushed', server, 'close')
      const reading = open(server, child.port, '/')
      await reading.answered
      await child.event('ended')
      child.signal()
      assert.equal(await child.exit, 0)
      const { bytes, whole } = await reading.read()
      assert(bytes < size)
      assert.equal(whole, false)
    },
  },
}
