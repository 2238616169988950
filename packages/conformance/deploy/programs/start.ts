import { startBare } from './bare.js'
import type { Program } from './program.js'
import { startDrained } from './drained.js'

/** Which server a program runs on, and who stops it. */
const [server = 'node', shutdown = 'afterword'] = process.argv.slice(2)

/** Serves until SIGTERM, and tells the test what happens. */
export async function start(program: Program): Promise<void> {
  await (shutdown === 'afterword' ? startDrained(server, program) : startBare(server, shutdown, program))
}
