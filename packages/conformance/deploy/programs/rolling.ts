import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { start } from './start.js'
import { writeRow } from './tell.js'

/** Long enough for the balancer to look dozens of times. */
const readinessDelay = 1_000

const stopping = once(process, 'SIGTERM')

await start({
  readinessDelay,
  handle(call) {
    if (call.path === '/ready') return call.reply(call.ready ? 200 : 503, '')
    const row = call.path.slice(1)
    call.after('row', async () => {
      // What is acknowledged is not done yet, and some of it is not when the server has stopped.
      if (row.endsWith('0')) await stopping.then(() => pause(readinessDelay))
      await pause(20)
      await writeRow(row)
    })
    return call.reply(200, 'noted')
  },
})
