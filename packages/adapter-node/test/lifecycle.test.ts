import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import { createServer as createServer2, type Http2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { Server } from 'node:net'
import { describe, expect, expectTypeOf, it } from 'vitest'
import * as adapter from '../src/index.js'

const wrong = [undefined, null, 42, 'server', {}, () => {}]

describe('createLifecycle', () => {
  it('refuses a typo in the name of an option', () => {
    expect(() => adapter.createLifecycle({ taskTimout: 1 } as never)).toThrow(expect.objectContaining({ code: 'ERR_LIFECYCLE_UNKNOWN_OPTION' }))
  })
})

describe('listener', () => {
  it.each([undefined, null, 42, {}])('refuses %s', (handler) => {
    expect(() => adapter.createLifecycle().listener(handler as never)).toThrow(expect.objectContaining({ code: 'ERR_LIFECYCLE_INVALID_ARGUMENT' }))
  })
})

describe('types', () => {
  const lifecycle = adapter.createLifecycle()

  it('of the request and the response that a listener gets, and of what it makes', () => {
    const listener = lifecycle.listener((req, res) => {
      expectTypeOf(req).toEqualTypeOf<IncomingMessage & { exchange: adapter.Exchange }>()
      expectTypeOf(res).toEqualTypeOf<ServerResponse>()
      // @ts-expect-error it has the members of an exchange, and no others
      void req.exchange.nothing
    })
    expectTypeOf(listener).toEqualTypeOf<(req: IncomingMessage, res: ServerResponse) => void>()
    const listener2 = lifecycle.listener((req: Http2ServerRequest & { exchange: adapter.Exchange }, res: Http2ServerResponse) => void res.end(req.exchange.id))
    expectTypeOf(listener2).toBeCallableWith({} as Http2ServerRequest, {} as Http2ServerResponse)
  })

  it('of a chain', () => {
    const chain = adapter.compose((req, _res, next) => {
      expectTypeOf(req.exchange).toEqualTypeOf<adapter.Exchange>()
      next()
    })
    expectTypeOf(lifecycle.listener(chain)).toEqualTypeOf<(req: IncomingMessage, res: ServerResponse) => void>()
  })

  it('of servers: attach returns the one that it took', () => {
    expectTypeOf(lifecycle.attach(createServer())).toEqualTypeOf<HttpServer>()
    expectTypeOf(lifecycle.attach(createServer2())).toEqualTypeOf<Http2Server>()
    expectTypeOf(lifecycle.drain).returns.toEqualTypeOf<Promise<adapter.DrainReport>>()
  })
})

describe('attach', () => {
  it.each(wrong)('refuses %s', (server) => {
    expect(() => adapter.createLifecycle().attach(server as never)).toThrow(expect.objectContaining({ code: 'ERR_LIFECYCLE_INVALID_ARGUMENT' }))
  })

  it('returns the server, and attaches once', () => {
    const lifecycle = adapter.createLifecycle()
    const server = createServer()
    expect(lifecycle.attach(server)).toBe(server)
    const { emit } = server
    expect(lifecycle.attach(server)).toBe(server)
    expect(server.emit).toBe(emit)
  })

  it('adds no listener to the server', () => {
    const server = createServer()
    const before = server.eventNames().map((name) => [name, server.listenerCount(name)])
    adapter.createLifecycle().attach(server)
    expect(server.eventNames().map((name) => [name, server.listenerCount(name)])).toEqual(before)
  })
})

describe('drain', () => {
  it.each(wrong.slice(1))('refuses the server %s', (server) => {
    const lifecycle = adapter.createLifecycle()
    expect(() => lifecycle.drain({ server: server as never })).toThrow(expect.objectContaining({ code: 'ERR_LIFECYCLE_INVALID_OPTION' }))
    expect(lifecycle.state).toBe('accepting')
  })

  it('refuses a list in which one is not a server', () => {
    expect(() => adapter.createLifecycle().drain({ server: [createServer(), {} as Server] })).toThrow(
      expect.objectContaining({ code: 'ERR_LIFECYCLE_INVALID_OPTION' }),
    )
  })

  it.each([
    ['http', () => createServer()],
    ['http2', () => createServer2() as unknown as Server],
    ['net', () => new Server()],
  ])('closes a server of %s that listens', async (_name, create) => {
    const server = create()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const report = await adapter.createLifecycle().drain({ server })
    expect(report.clean).toBe(true)
    expect(server.listening).toBe(false)
  })

  it('does not wait for a server that does not listen', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    await new Promise((resolve) => server.close(resolve))
    expect((await adapter.createLifecycle().drain({ server, timeout: 50 })).exchanges.cut).toEqual([])
  })
})
