/**
 * A server in a process of its own: `server.mjs <server> <variant>`. It says its port, and answers what the parent asks:
 * `cpu` (microseconds used so far) and `calls` (how often the measured functions were called).
 */
import type { AddressInfo } from 'node:net'
import { applicationOf } from '../servers/index.js'
import { callCount } from '../work.js'

const [name = '', variant = ''] = process.argv.slice(2)
const server = await (await applicationOf(name, variant))()
// A connection that waits for its slice must not be closed meanwhile.
server.keepAliveTimeout = 0
const send = (message: unknown): void => void process.send?.(message)

process.on('message', (question) => {
  if (question === 'cpu') {
    const { user, system } = process.cpuUsage()
    send(user + system)
  } else send(callCount())
})
process.once('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => send((server.address() as AddressInfo).port))
