import type { Call, Program } from './program.js'
import { start } from './start.js'
import { released, tell, writeRow } from './tell.js'

let steps = 0

/** Schedules itself, for ever. */
function step(call: Call): void {
  call.after('step', async () => {
    if (steps === 0) {
      tell('first')
      await released
    }
    if (++steps <= 100) await writeRow(steps)
    step(call)
  })
}

const program: Program = {
  handle(call) {
    step(call)
    call.reply(200, 'hello')
  },
}

// Without the cap only a deadline ends it.
await start(process.argv[4] === 'uncapped' ? { ...program, timeout: 1_000, lifecycle: { maxDepth: 1e9 } } : program)
