import assert from 'node:assert/strict'
import type { Child } from '../child.js'
import { ask } from '../client.js'
import type { Scenario } from '../scenario.js'

const paths = Array.from({ length: 20 }, (_, n) => `/orders/${n}`)

/** What the process has left in its database. */
async function audited(child: Child): Promise<string[]> {
  // Only here, because it takes its time to load.
  const { PGlite } = await import('@electric-sql/pglite')
  const database = await PGlite.create(`${child.rowsFile}.database`)
  const { rows } = await database.query<{ path: string }>('select path from audit')
  await database.close()
  return rows.map(({ path }) => path)
}

/** A database that a plugin closes with the application. */
export const database: Scenario = {
  id: 'DEP-010',
  title: 'MUST let tasks write before app.close() closes the database',
  servers: ['fastify'],
  async run(server, start) {
    const child = await start('database', server)
    for (const path of paths) assert.equal(await ask(server, child.port, path), 200)
    child.signal()
    await child.event('draining')
    child.release()
    const { report, seen } = await child.event('report')
    assert.equal(await child.exit, 0)
    assert.deepEqual(child.told.map(({ event }) => event), ['listening', 'draining', 'database closed', 'report'])
    assert.deepEqual([report?.clean, report?.tasks.completed, seen?.faults], [true, paths.length, []])
    assert.deepEqual((await audited(child)).toSorted(), paths.toSorted())
  },
  control: {
    title: "Fastify's close() closes it under them",
    servers: ['fastify'],
    async run(server, start) {
      const child = await start('database', server, 'fastify')
      for (const path of paths) assert.equal(await ask(server, child.port, path), 200)
      child.signal()
      await child.event('database closed')
      child.release()
      assert.equal(await child.exit, 0)
      assert.deepEqual(await audited(child), [])
    },
  },
}
