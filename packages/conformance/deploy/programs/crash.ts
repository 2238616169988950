import { once } from 'node:events'
import { start } from './start.js'
import { tell, writeRow } from './tell.js'

const crashed = once(process, 'crashed')

await start({
  async handle({ path, reply, after }) {
    if (path === '/crash') {
      reply(200, 'noted')
      setImmediate(() => {
        setImmediate(() => process.emit('crashed' as never))
        throw new Error('a bug')
      })
      return
    }
    after('row', () => writeRow(path))
    tell('begun')
    await crashed
    reply(200, 'noted')
  },
})
