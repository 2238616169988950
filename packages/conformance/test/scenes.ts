/** The scenes of docs/endings.md: what Node emits on a response without this library, and what the library then reports. */
import type { ServerResponse } from 'node:http'
import { createLifecycle as createFastifyLifecycle } from '@afterword/adapter-fastify'
import { asScene, get, injected, large, post, resetStream, scene, type Scene, unflushed } from './scene.js'

/** The response before a queued one. */
let first: ServerResponse

export const scenes: readonly Scene[] = [
  scene('A reply that the client reads to its end', {
    handler: (_req, res) => res.end('hello'),
    async play({ client }) {
      await client.send(get)
      await client.until(/hello/)
      client.leave()
    },
  }),
  scene('The client leaves before the reply', {
    handler() {},
    async play({ client, handled }) {
      await client.send(get)
      await handled
      client.reset()
    },
  }),
  scene('The client leaves before the reply, after the body was read', {
    handler: (req) => req.resume(),
    async play({ client, handled }) {
      await client.send(post)
      await handled
      client.reset()
    },
  }),
  scene('The client half-closes its connection before the reply', {
    handler() {},
    async play({ client, handled }) {
      await client.send(get)
      await handled
      client.halfClose()
    },
  }),
  scene('The client leaves mid-response', {
    handler: (_req, res) => res.write('hello'),
    async play({ client }) {
      await client.send(get)
      await client.until(/hello/)
      client.reset()
    },
  }),
  unflushed('The client leaves after `res.end()`, before all is flushed', ({ client }) => client.reset()),
  unflushed('`socket.destroy()` after `res.end()`, before all is flushed', (_stage, res) => res.socket?.destroy()),
  unflushed('`server.close()` after `res.end()`, before all is flushed', ({ server }) => server.close()),
  unflushed('`server.closeAllConnections()` after `res.end()`, before all is flushed', ({ server }) => server.closeAllConnections()),
  scene('`server.setTimeout()` ends a handler that never answers', {
    handler: ({ socket }) => socket.setTimeout(1),
    play: ({ client }) => client.send(get),
  }),
  scene('The request body does not arrive within `requestTimeout`', {
    options: { requestTimeout: 20, headersTimeout: 20, connectionsCheckingInterval: 10 },
    handler: (req) => req.resume(),
    play: ({ client }) => client.send(post.slice(0, -1)),
  }),
  scene('Bytes that are not HTTP follow a request that waits', {
    handler() {},
    async play({ client, handled }) {
      await client.send(get)
      await handled
      await client.send('\0\r\n\r\n')
    },
  }),
  scene('`res.end()` with little, then `res.destroy()`', {
    handler: (_req, res) => res.end('hello').destroy(),
    play: ({ client }) => client.send(get),
  }),
  scene('Queued behind a slow reply (pipelining); the client leaves', {
    count: 2,
    handler() {},
    async play({ client, handled }) {
      await client.send(get + get)
      await handled
      client.reset()
    },
  }),
  scene('Queued behind a slow reply, already ended; the client leaves', {
    count: 2,
    handler: (_req, res, count) => (count === 2 ? res.end('hello') : undefined),
    async play({ client, handled }) {
      await client.send(get + get)
      await handled
      client.reset()
    },
  }),
  scene('The handler of an earlier request in the same packet destroyed the socket', {
    count: 2,
    handler: (req, _res, count) => (count === 1 ? req.socket.destroy() : undefined),
    play: ({ client }) => client.send(get + get),
  }),
  scene('`res.destroy()` of a queued response; the earlier ones are answered', {
    count: 2,
    handler(_req, res, count) {
      if (count === 1) first = res
      else res.destroy()
    },
    async play({ client, handled }) {
      await client.send(get + get)
      await handled
      first.end('hello')
      await client.until(/hello/)
      client.leave()
    },
  }),
  scene('The socket was taken with `res.detachSocket()`, and closes', {
    handler(req, res) {
      const { socket } = req
      res.detachSocket(socket)
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    },
    async play({ client }) {
      await client.send(get)
      await client.until(/200 OK/)
      client.leave()
    },
  }),
  resetStream('HTTP/2: the client resets the stream before the reply', () => {}),
  resetStream('HTTP/2: the client resets the stream mid-response', (res) => res.write('hello')),
  resetStream('HTTP/2: the client resets the stream after `res.end()`, before all is flushed', (res) => void res.end(large)),
  asScene('Fastify: `app.inject()`', injected, createFastifyLifecycle),
]
