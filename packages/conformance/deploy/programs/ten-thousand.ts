import { start } from './start.js'
import { released, tell, writeRow } from './tell.js'

// A place for eight tasks at a time: the others wait in the queue when the signal comes.
await start({
  lifecycle: { concurrency: 8 },
  handle({ reply, after }) {
    for (let n = 0; n < 10_000; n++) {
      after(`row ${n}`, async () => {
        if (n === 0) tell('first')
        if (n === 5_000) await released
        await writeRow(n)
      })
    }
    reply(200, 'noted')
  },
})
