import { once } from 'node:events'
import { start } from './start.js'
import { tell, writeRow } from './tell.js'

function mail(): Promise<void> {
  tell('stuck')
  return new Promise(() => {})
}

await start({
  softTimeout: 500,
  timeout: 2_500,
  handle({ reply, after }) {
    after('a task that heeds its signal', async (signal) => {
      if (!signal.aborted) await once(signal, 'abort')
      await writeRow('heeded')
    })
    after('a stuck mail', mail, { to: 'somebody' })
    reply(200, 'hello')
  },
})
