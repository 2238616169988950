import { start } from './start.js'
import { tell, writeRow } from './tell.js'

const supervised = process.argv[4] === 'supervised'

// Both would be waited for as long as a drain may take, which is longer than any test waits.
await start({
  ...(supervised ? { timeout: 1_000 } : {}),
  handle({ path, reply, after }) {
    after('row', () => writeRow(path))
    if (path === '/stuck') return tell('begun')
    after('a stuck mail', () => {
      tell('begun')
      return new Promise(() => {})
    })
    return reply(200, 'noted')
  },
})
