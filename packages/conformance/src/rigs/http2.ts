import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer, type Http2Server } from 'node:http2'
import type { Socket } from 'node:net'
import { createLifecycle } from '@afterword/adapter-node'
import { askHttp2 } from '../client.js'
import { listen, Probe } from '../probe.js'
import type { Rig } from '../rig.js'
import { rawCall } from './node.js'

/** node:http2 through its compatibility API, with `lifecycle.listener`. */
export const http2: Rig = {
  name: 'http2',
  answersFaults: true,
  lacks: {
    http1: 'HTTP/2 has frames',
    before: 'that does not depend on the protocol',
    'late-mount': 'that does not depend on the protocol',
    inject: 'node:http2 has no injection',
  },
  async serve(handler, use, options = {}) {
    const probe = new Probe()
    const lifecycle = createLifecycle(probe.options(options))
    const listener = lifecycle.listener(
      (req: IncomingMessage & { exchange: never }, res: ServerResponse) => handler(rawCall(req, res, req.exchange)),
      options.listener as object,
    )
    const server = createServer(options.server ?? {}, listener as never)
    const sockets = new Set<Socket>()
    server.on('connection', (socket: Socket) => sockets.add(socket))
    await listen(server as unknown as Server)
    try {
      await use(probe.app(lifecycle, server as unknown as Server, askHttp2))
    } finally {
      await stopHttp2(server, sockets)
    }
  },
}

/** Ends a server and every connection it still has: Node 20 forgets some of its sessions. */
async function stopHttp2(server: Http2Server, sockets: Iterable<Socket>): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  for (const socket of sockets) socket.destroy()
  await closed
}
