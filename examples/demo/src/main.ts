/** The same shop on three servers. `pnpm demo` visits it, `pnpm demo --serve` leaves that to you. */
import { Recorder } from './recorder.js'
import { serve } from './serve.js'
import { startExpress } from './servers/express.js'
import { startFastify } from './servers/fastify.js'
import { startNode } from './servers/node.js'
import { Terminal } from './terminal.js'
import { tour } from './tour.js'

const known = ['--serve', '--no-color']
const args = process.argv.slice(2).filter((arg) => arg !== '--')
const unknown = args.filter((arg) => !known.includes(arg))
if (unknown.length > 0) {
  console.error(`demo: ${unknown.join(' ')}? It takes: ${known.join(' ')}`)
  process.exit(2)
}

const terminal = new Terminal(process.stdout, args.includes('--no-color'))
const recorder = new Recorder()
const servers = await Promise.all([
  startExpress(recorder.audience('Express')),
  startFastify(recorder.audience('Fastify')),
  startNode(recorder.audience('node:http')),
])

const run = args.includes('--serve') ? serve : tour
process.exitCode = (await run(servers, recorder, terminal)) ? 0 : 1
