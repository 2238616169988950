import assert from 'node:assert/strict'
import { open } from '../client.js'
import type { Scenario } from '../scenario.js'

/** Server-sent events without end. */
export const eventStream: Scenario = {
  id: 'DEP-005',
  title: 'MUST let a never-ending event stream say goodbye at the soft deadline, and cut one that does not at the hard one',
  servers: ['node', 'express', 'fastify', 'http2'],
  async run(server, start) {
    const child = await start('event-stream', server)
    const streams = ['/heeds', '/heeds', '/deaf'].map((path) => open(server, child.port, path))
    await Promise.all(streams.map(({ answered }) => answered))
    child.signal()
    const [first, second, deaf] = await Promise.all(streams.map((stream) => stream.read()))
    for (const heeding of [first, second]) assert.deepEqual([heeding?.whole, heeding?.tail.includes('come back later')], [true, true])
    assert.deepEqual([deaf?.whole, deaf?.tail], [false, 'data: hello\n\n'])
    const { report, seen } = await child.event('report')
    assert.equal(await child.exit, 1)
    assert.deepEqual(report?.exchanges.cut.map(({ url, phase }) => [url, phase]), [['/deaf', 'committed']])
    assert.deepEqual([seen?.accepted, seen?.finished, seen?.aborted], [3, 2, ['drain /deaf']])
  },
  control: {
    title: 'server.close() waits for the streams until the process is killed',
    servers: ['node', 'express'],
    async run(server, start) {
      const child = await start('event-stream', server, 'close')
      const stream = open(server, child.port, '/heeds')
      await stream.answered
      child.signal()
      assert.equal(await child.exit, 'SIGKILL')
      assert.equal((await stream.read()).whole, false)
    },
  },
}
