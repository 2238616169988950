import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createLifecycle, reply } from '@afterword/adapter-node'
import type { Exchange } from '@afterword/lifecycle-core'
import { readAll } from '../client.js'
import { listen, Probe, stop } from '../probe.js'
import type { App, Call, Rig } from '../rig.js'

const lacks = {
  http2: 'this rig speaks HTTP/1; see the rig http2',
  inject: 'node:http has no injection',
}

/** node:http with `lifecycle.listener`. */
export const node: Rig = {
  name: 'node',
  framework: 'node',
  answersFaults: true,
  lacks,
  async serve(handler, use, options = {}) {
    const probe = new Probe()
    const lifecycle = createLifecycle(probe.options(options))
    const listener = lifecycle.listener((req, res) => handler(rawCall(req, res, req.exchange)), options.listener as object)
    const { before } = options
    const server = createServer(
      options.server ?? {},
      before === undefined ? listener : async (req, res) => void ((await before(req, res)) !== false && listener(req, res)),
    )
    await listen(server)
    try {
      await use(probe.app(lifecycle, server))
    } finally {
      await stop(server)
    }
  },
}

/** node:http with `lifecycle.attach`, on a server that somebody else made. */
export const nodeAttach: Rig = {
  name: 'node-attach',
  framework: 'node',
  lacks: {
    ...lacks,
    before: 'attach sees every request first',
    'handler-promise': 'the handler is called by the server',
    'late-mount': 'attach sees every request first',
    'refusal-page': 'the server is somebody else\'s, and its handler has replied',
    'error-page': 'the server is somebody else\'s: its errors stay where they were',
    listener: 'attach() and not listener()',
  },
  async serve(handler, use, options = {}) {
    const probe = new Probe()
    const lifecycle = createLifecycle(probe.options(options))
    const server = createServer(options.server ?? {}, (req, res) => {
      // Returned, for the sake of servers that look at it: captureRejections.
      return handler(rawCall(req, res, (req as IncomingMessage & { exchange: Exchange }).exchange))
    })
    lifecycle.attach(server)
    await listen(server)
    try {
      await use(probe.app(lifecycle, server) satisfies App)
    } finally {
      await stop(server)
    }
  },
}

/** A call over Node's own request and response. */
export function rawCall(req: IncomingMessage, res: ServerResponse, exchange: Exchange): Call {
  return {
    req,
    res,
    exchange,
    read: () => readAll(req),
    send: (payload) => reply(res, payload),
    reply(status, body, headers = {}) {
      res.statusCode = status
      for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
      res.setHeader('content-length', Buffer.byteLength(body))
      res.end(body)
    },
  }
}
