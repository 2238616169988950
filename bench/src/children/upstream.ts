/** A server that replies after a while, for tasks to call: `upstream.mjs <ms>`. Says its port. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const ms = Number(process.argv[2])
const server = createServer((_req, res) => void setTimeout(() => res.end('{"ok":true}'), ms))
server.keepAliveTimeout = 0
server.listen({ port: 0, host: '127.0.0.1', backlog: 20_000 }, () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => process.exit())
