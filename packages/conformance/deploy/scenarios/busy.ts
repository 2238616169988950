import assert from 'node:assert/strict'
import { RawClient } from '../../src/client.js'
import type { Child } from '../child.js'
import { ask } from '../client.js'
import type { Scenario, ServerName } from '../scenario.js'

const count = 20

/** Blocks the event loop; meanwhile requests arrive on open connections, and then the signal. Resolves when all are answered. */
async function stopBlocked(child: Child, server: ServerName): Promise<void> {
  const clients = Array.from({ length: count }, () => new RawClient(child.port))
  for (const client of clients) {
    await client.request('GET', '/first')
    await client.until(/reply to \/first\./)
  }
  assert.equal(await ask(server, child.port, '/busy'), 200)
  await child.event('blocked')
  // Written means that the system has it: the process finds these bytes as soon as it looks.
  await Promise.all(clients.map((client) => client.request('GET', '/second')))
  child.signal()
  child.unblock()
  await Promise.all(clients.map((client) => client.until(/reply to \/second\./)))
  await Promise.all(clients.map((client) => client.gone()))
}

/** A signal that the process cannot see, because its event loop is busy. */
export const busy: Scenario = {
  id: 'DEP-009',
  title: 'MUST answer what arrived before SIGTERM while the event loop was busy, and do its work',
  servers: ['node', 'express', 'fastify'],
  async run(server, start) {
    const child = await start('busy', server)
    await stopBlocked(child, server)
    child.release()
    const { report, seen } = await child.event('report')
    assert.equal(await child.exit, 0)
    assert.equal(report?.clean, true)
    assert.deepEqual([seen?.accepted, seen?.finished, seen?.aborted], [2 * count + 1, 2 * count + 1, []])
    assert.equal(child.rows().filter((row) => row === '/second').length, count)
  },
  control: {
    title: 'server.close() answers, and exits with 0 before the work',
    servers: ['node', 'express'],
    async run(server, start) {
      const child = await start('busy', server, 'close')
      await stopBlocked(child, server)
      assert.equal(await child.exit, 0)
      assert.deepEqual(child.rows().filter((row) => row === '/second'), [])
    },
  },
}
