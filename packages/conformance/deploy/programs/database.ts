import { PGlite } from '@electric-sql/pglite'
import { start } from './start.js'
import { released, tell } from './tell.js'

const folder = `${process.env['ROWS']}.database`

// A PostgreSQL on a folder, as a plugin has it: opened at the start, closed in onClose.
const database = await PGlite.create(folder)
await database.exec('create table if not exists audit (path text)')

await start({
  async plugins(app) {
    app.addHook('onClose', async () => {
      await database.close()
      tell('database closed')
    })
  },
  handle({ path, reply, after }) {
    after('audit', async () => {
      await released
      await database.query('insert into audit values ($1)', [path])
    })
    reply(200, 'noted')
  },
})
