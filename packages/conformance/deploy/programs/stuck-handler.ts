import { once } from 'node:events'
import { start } from './start.js'
import { tell, writeRow } from './tell.js'

const stopping = once(process, 'SIGTERM')

await start({
  timeout: 2_000,
  async handle({ path, reply, after }) {
    after(`row of ${path}`, () => writeRow(path))
    tell('begun')
    await (path === '/stuck' ? new Promise(() => {}) : stopping)
    reply(200, 'hello')
  },
})
