import { start as startExpress } from './express.js'
import { start as startFastify } from './fastify.js'
import { start as startNode } from './node.js'
import type { StartServer } from './server.js'

/** The same shop, on each server. */
export const servers: ReadonlyMap<string, StartServer> = new Map([
  ['express', startExpress],
  ['fastify', startFastify],
  ['node', startNode],
])
