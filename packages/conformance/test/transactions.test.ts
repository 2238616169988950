import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../../examples/transaction/src/database.js'
import { openPglite } from '../../../examples/transaction/src/pglite.js'
import { openPostgres } from '../../../examples/transaction/src/postgres.js'
import { rigs } from '../src/rigs/index.js'
import { failure, rowOf, Workload } from './workload.js'

// The whole thousand on the Node you have, fewer on each of the others.
const requests = process.env['AFTERWORD_EXPECT_NODE'] === undefined ? 1000 : 250
const url = process.env['DATABASE_URL']

const tables = [
  'drop table if exists lines, placed',
  'create table placed (id text primary key)',
  'create table lines (id text, placed text references placed deferrable initially deferred)',
]

const databases: { name: string; atATime: number; open: (() => Promise<Database>) | undefined }[] = [
  { name: 'PGlite', atATime: 8, open: openPglite },
  { name: 'PostgreSQL', atATime: 24, open: url === undefined ? undefined : async () => openPostgres(url) },
]

// Errors of a handler are seen only where somebody catches them.
const servers = rigs.filter(({ lacks }) => lacks['error-page'] === undefined)

describe.each(databases)('$name', ({ name, atATime, open }) => {
  let database: Database | undefined

  beforeAll(async () => {
    database = await open?.()
  }, 60_000)

  afterAll(() => database?.close())

  for (const rig of servers) {
    const title = `${rig.name}: ${requests} random requests, and the table says what the clients were told`
    if (open === undefined) {
      // See scripts/postgres.mjs.
      it.skip(`NOT RUN, for there is no DATABASE_URL: ${name}, ${title}`)
      continue
    }

    it(title, { timeout: 60_000 }, async () => {
      const own = database as Database
      const seed = Number(process.env['AFTERWORD_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
      console.log(`${name} ${rig.name}: AFTERWORD_SEED=${seed}`)
      for (const statement of tables) await own.query(statement)
      const workload = new Workload(own, seed)

      await rig.serve(workload.handle, async (app) => {
        await workload.run(rig, app, requests, atATime)
        const rows = (await own.query('select id from placed')).map(({ id }) => String(id)).toSorted()
        const committed = app.outcomes.filter((outcome) => outcome.transaction === 'committed')
        const succeeded = app.outcomes.filter(({ status }) => status !== null && status < 400)

        // Every row is one that the outcome calls committed, and the other way round.
        expect(rows).toEqual(committed.map(rowOf).toSorted())
        // A success was committed. What was committed without one: the client left while the database was at it.
        for (const outcome of succeeded) expect(outcome.transaction, outcome.url).toBe('committed')
        const unheard = committed.filter((outcome) => !succeeded.includes(outcome))
        for (const { kind, status, position } of unheard) expect([kind, status, position]).toEqual(['aborted', null, 'before-commit'])
        expect(rows.length).toBe(succeeded.length + unheard.length)
        // Whoever was told 201 finds the row; whoever was told anything else does not.
        for (const [row, status] of workload.answers) {
          if (status !== undefined) expect(rows.includes(row), `${row}: ${status}`).toBe(status === 201)
        }
        // One commit that worked or one rollback each, and of neither a second.
        for (const { commits, committed: worked, rollbacks } of workload.calls) {
          expect(worked + rollbacks).toBe(1)
          expect(commits).toBeLessThanOrEqual(1)
        }
        expect(workload.inUse).toBe(0)
        expect(await own.openTransactions()).toBe(0)
        // The dice had their say.
        const left = [...workload.answers.values()].filter((status) => status === undefined).length
        expect(Math.min(rows.length, left, workload.calls.filter(({ commits, rollbacks }) => commits * rollbacks > 0).length)).toBeGreaterThan(requests / 20)
        for (const { error, fault } of app.faults) {
          if (error !== failure) expect(String(error), fault.source).toMatch(/foreign key|transaction is aborted|had failed before/)
        }
      })
    })
  }
})
