import { once } from 'node:events'
import { Server as SocketServer } from 'socket.io'
import { io } from 'socket.io-client'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { App } from '../../src/rig.js'
import { ended, serveExpress } from './serving.js'

const serve = (use: (app: App) => Promise<void>) =>
  serveExpress((app, lifecycle) => {
    app.use(lifecycle.middleware)
    app.get('/', (_req, res) => void res.send('hello'))
  }, use)

/** Serves an echo beside the application, and connects to it. */
async function connect(app: App): Promise<{ sockets: WebSocketServer; client: WebSocket; echo(text: string): Promise<string> }> {
  const sockets = new WebSocketServer({ server: app.server })
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${String(data)}`)))
  const client = new WebSocket(`ws://127.0.0.1:${app.port}/socket`)
  await once(client, 'open')
  const echo = async (text: string) => {
    client.send(text)
    const [data] = (await once(client, 'message')) as [Buffer]
    return String(data)
  }
  return { sockets, client, echo }
}

describe('ws', () => {
  it('INT-013 upgrades without an exchange, beside requests that have one', async () => {
    await serve(async (app) => {
      const { client, echo, sockets } = await connect(app)
      expect(await echo('one')).toBe('echo one')
      expect((await app.ask()).body).toBe('hello')
      await ended(app, { kind: 'finished', status: 200, url: '/' })
      expect(await echo('two')).toBe('echo two')
      client.close()
      await once(client, 'close')
      await app.lifecycle.idle()
      expect(app.outcomes).toHaveLength(1)
      sockets.close()
    })
  })

  it('INT-014 works while a drain waits, which ends as soon as the application has closed it', async () => {
    await serve(async (app) => {
      const { client, echo, sockets } = await connect(app)
      const drained = app.lifecycle.drain({ server: app.server, timeout: 20_000 })
      expect(app.lifecycle.state).toBe('draining')
      expect(await echo('still there')).toBe('echo still there')
      for (const socket of sockets.clients) socket.close(1001, 'going away')
      const [code] = (await once(client, 'close')) as [number]
      expect(code).toBe(1001)
      expect((await drained).clean).toBe(true)
    })
  })

  it('INT-015 is destroyed by a drain that is told so', async () => {
    await serve(async (app) => {
      const { client } = await connect(app)
      const closed = once(client, 'close')
      const report = await app.lifecycle.drain({ server: app.server, softTimeout: 1, timeout: 20_000, upgraded: 'destroy' })
      const [code] = (await closed) as [number]
      expect(code).toBe(1006)
      expect(report.exchanges.cut).toEqual([])
    })
  })
})

describe('socket.io', () => {
  it('INT-016 polls and upgrades on a server that is attached to, and every poll ends once', async () => {
    await serve(async (app) => {
      const { lifecycle } = app
      const sockets = new SocketServer(app.server)
      // Behind socket.io, which takes its requests away from the application.
      ;(lifecycle as unknown as { attach(server: unknown): void }).attach(app.server)
      sockets.on('connection', (socket) => socket.on('ask', (text: string, answer: (text: string) => void) => answer(`echo ${text}`)))
      const client = io(`http://127.0.0.1:${app.port}`, { transports: ['polling', 'websocket'], reconnection: false })
      await new Promise<void>((resolve) => client.once('connect', () => resolve()))
      const { engine } = client.io
      if (engine.transport.name !== 'websocket') await new Promise<void>((resolve) => engine.once('upgrade', () => resolve()))
      expect(await client.emitWithAck('ask', 'one')).toBe('echo one')
      expect((await app.ask()).body).toBe('hello')
      await lifecycle.idle()
      const polls = app.outcomes.filter(({ url }) => url.startsWith('/socket.io/'))
      expect(polls.length).toBeGreaterThanOrEqual(2)
      expect(new Set(polls.map(({ kind, status }) => `${kind} ${status}`))).toEqual(new Set(['finished 200']))
      expect(app.outcomes.filter(({ url }) => url === '/')).toHaveLength(1)
      expect(app.faults).toEqual([])
      client.close()
      await sockets.close()
    })
  })
})
