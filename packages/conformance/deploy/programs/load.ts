import { once } from 'node:events'
import { start } from './start.js'
import { released, tell, writeRow } from './tell.js'

// Every request is acknowledged before its row is written: the row is a promise.
const stopping = once(process, 'SIGTERM')
let row = 0

await start({
  async handle({ path, reply, after }) {
    const mine = ++row
    if (path === '/slow') {
      // In flight when the signal comes, and its work is pending until the test has seen every reply.
      tell('slow')
      await stopping
    }
    after('row', async () => {
      if (path === '/slow') await released
      await writeRow(mine)
    })
    reply(200, 'noted')
  },
})
