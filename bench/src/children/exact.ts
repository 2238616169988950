/**
 * Serves requests over the in-memory transport and ends: `exact.mjs <server> <variant> <warm-up> <count>`. Before and after the
 * requests that count it asks for the host name: the only thing in this process that calls `gethostname`, which is where the
 * instrument reads its counters.
 */
import { hostname } from 'node:os'
import { applicationOf } from '../servers/index.js'
import { connect, exchangeInTurn } from '../transport/memory.js'

const [server = '', variant = '', warmUp, count] = process.argv.slice(2)
const client = connect(await (await applicationOf(server, variant))())
await exchangeInTurn(client, Number(warmUp))
hostname()
await exchangeInTurn(client, Number(count))
hostname()
process.exit()
