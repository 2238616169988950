/**
 * A server in a process of its own: `server.mjs <server> <variant>`. It says its port, and answers what the parent asks:
 * `cpu` (microseconds used so far), `calls` (how often the measured functions were called), and a number: so many requests over a
 * connection inside the process, which is how the compiler gets to know it sooner.
 */
import type { AddressInfo } from 'node:net'
import { applicationOf } from '../servers/index.js'
import { connect, exchangeInTurn } from '../transport/memory.js'
import { callCount } from '../work.js'

const [name = '', variant = ''] = process.argv.slice(2)
const server = await (await applicationOf(name, variant))()
// A connection that waits for its slice must not be closed meanwhile.
server.keepAliveTimeout = 0
const send = (message: unknown): void => void process.send?.(message)

process.on('message', async (question) => {
  if (typeof question === 'number') {
    const client = connect(server)
    await exchangeInTurn(client, question)
    client.destroy()
    send('warm')
  } else if (question === 'cpu') {
    const { user, system } = process.cpuUsage()
    send(user + system)
  } else send(callCount())
})
process.once('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => send((server.address() as AddressInfo).port))
