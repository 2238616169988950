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
  timeout: 1_000,
  handle(call) {
    step(call)
    call.reply(200, 'hello')
  },
}

await start(process.argv[4] === 'uncapped' ? { ...program, lifecycle: { maxDepth: 1e9 } } : program)
