import { readSync } from 'node:fs'
import { start } from './start.js'
import { released, tell, writeRow } from './tell.js'

/** Blocks the event loop until the test writes a line. */
function block(): void {
  tell('blocked')
  for (;;) {
    try {
      readSync(0, Buffer.alloc(3))
      return
    } catch (error) {
      // A signal interrupts it.
      if ((error as NodeJS.ErrnoException).code !== 'EINTR') throw error
    }
  }
}

await start({
  handle({ path, reply, after }) {
    after('row', async () => {
      if (path === '/busy') block()
      // Pending until the test has seen every reply.
      if (path === '/second') await released
      await writeRow(path)
    })
    reply(200, `reply to ${path}.`)
  },
})
