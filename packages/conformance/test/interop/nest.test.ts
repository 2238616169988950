// oxlint-disable import/no-unassigned-import -- Nest wants it for its side effect
// oxlint-disable typescript/no-extraneous-class -- Nest modules are empty classes
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { Readable } from 'node:stream'
import { createLifecycle as onExpress } from '@afterword/adapter-express'
import { after, channelNames, createLifecycle as onFastify, current } from '@afterword/adapter-fastify'
import {
  Body, type CallHandler, Controller, Get, HttpException, type INestApplication, Module, Post, StreamableFile, UseGuards, UseInterceptors,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import 'reflect-metadata'
import { tap } from 'rxjs'
import { beforeEach, describe, expect, it } from 'vitest'
import { RawClient } from '../../src/client.js'
import { gate } from '../../src/latch.js'
import { Probe } from '../../src/probe.js'
import type { App } from '../../src/rig.js'
import { ended, left } from './serving.js'

let received = gate()
let endless = new Readable({ read() {} })
const ran: string[] = []

beforeEach(() => {
  received = gate()
  endless = new Readable({ read() {} })
  ran.length = 0
})

class Orders {
  find(): string {
    ran.push('handler')
    after(({ status }) => ran.push(`task ${status}`))
    return 'all of them'
  }

  async place(order: { name: string }): Promise<object> {
    await Promise.resolve()
    current()?.onCommit((head) => head.setHeader('x-order', order.name))
    after(() => ran.push(`placed ${order.name}`), { when: 'success' })
    return order
  }

  async fail(): Promise<never> {
    after(({ status }) => ran.push(`failed ${status}`))
    throw new Error('it went wrong')
  }

  async refuse(): Promise<never> {
    after(() => ran.push('never'), { when: 'success' })
    throw new HttpException('no', 418)
  }

  wait(): Promise<never> {
    after(({ reason }) => ran.push(`left ${reason}`))
    received.open()
    return new Promise(() => {})
  }

  download(): StreamableFile {
    after(({ position }) => ran.push(`left ${position}`))
    endless.push('a part')
    return new StreamableFile(endless)
  }

  slow(): string {
    after(async () => {
      await received.opened
      ran.push('task')
    })
    return 'hello'
  }
}

const guard = {
  canActivate: () => {
    ran.push('guard')
    return true
  },
}

const interceptor = {
  intercept(_context: unknown, next: CallHandler) {
    ran.push('interceptor')
    after(() => ran.push('task of the interceptor'))
    current()?.onCommit(() => ran.push('head'))
    return next.handle().pipe(tap(() => after(() => ran.push('task behind the handler'))))
  },
}

class Shop {
  onModuleDestroy() {
    ran.push('onModuleDestroy')
  }

  onApplicationShutdown() {
    ran.push('onApplicationShutdown')
  }
}

/** The transformer of the test runner knows no decorators, which are functions after all. */
function decorate(name: keyof Orders, ...decorators: MethodDecorator[]): void {
  for (const each of decorators) each(Orders.prototype, name, Object.getOwnPropertyDescriptor(Orders.prototype, name) as PropertyDescriptor)
}

decorate('find', Get(), UseGuards(guard), UseInterceptors(interceptor))
decorate('place', Post())
Body()(Orders.prototype, 'place', 0)
decorate('fail', Get('fail'))
decorate('refuse', Get('refuse'))
decorate('wait', Get('wait'))
decorate('download', Get('download'))
decorate('slow', Get('slow'))
Controller('orders')(Orders)
Module({ controllers: [Orders] })(Shop)

interface Platform {
  name: string
  start(probe: Probe): Promise<{ nest: INestApplication; lifecycle: App['lifecycle'] }>
  stop(nest: INestApplication, lifecycle: App['lifecycle']): Promise<unknown>
  /** The order in which an application is closed that still has a task. */
  closing: readonly string[]
}

const platforms: Platform[] = [
  {
    name: 'platform-express',
    async start(probe) {
      const lifecycle = onExpress(probe.options({}))
      const nest = await NestFactory.create(Shop, new ExpressAdapter(), { logger: false })
      nest.use(lifecycle.middleware)
      return { nest, lifecycle }
    },
    stop: (nest, lifecycle) => lifecycle.drain({ server: nest.getHttpServer() }).then(() => nest.close()),
    closing: ['task', 'onModuleDestroy', 'onApplicationShutdown'],
  },
  {
    name: 'platform-fastify',
    async start(probe) {
      const lifecycle = onFastify(probe.options({}))
      const nest = await NestFactory.create<NestFastifyApplication>(Shop, new FastifyAdapter(), { logger: false })
      // Nest brings a Fastify of its own, and with it types of its own.
      await nest.register(lifecycle.plugin as never)
      return { nest, lifecycle }
    },
    stop: (nest) => nest.close(),
    // Nest closes its server in between.
    closing: ['onModuleDestroy', 'task', 'onApplicationShutdown'],
  },
]

describe.each(platforms)('NestJS on $name', ({ start, stop, closing }) => {
  async function serve(use: (app: App, close: () => Promise<unknown>) => Promise<void>): Promise<void> {
    const probe = new Probe()
    const { nest, lifecycle } = await start(probe)
    await nest.listen(0, '127.0.0.1')
    let closed: Promise<unknown> | undefined
    const close = () => (closed ??= stop(nest, lifecycle))
    try {
      await use(probe.app(lifecycle, nest.getHttpServer() as Server), close)
    } finally {
      received.open()
      await close()
    }
    expect(lifecycle.state).toBe('drained')
  }

  it('INT-029 runs guards, interceptors, the handler, commit listeners and tasks in this order, in one async context', async () => {
    await serve(async (app) => {
      expect((await app.ask('/orders')).body).toBe('all of them')
      await ended(app, { kind: 'finished', status: 200, route: '/orders', url: '/orders' })
      expect(ran).toEqual(['guard', 'interceptor', 'handler', 'head', 'task of the interceptor', 'task 200', 'task behind the handler'])
    })
  })

  it('INT-030 replies with what a handler returns later, with a head that its commit listener has changed', async () => {
    await serve(async (app) => {
      const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"name":"tea"}' }
      expect(await app.ask('/orders', json)).toMatchObject({ status: 201, body: '{"name":"tea"}', headers: { 'x-order': 'tea' } })
      await ended(app, { kind: 'finished', status: 201 })
      expect(ran).toEqual(['placed tea'])
    })
  })

  it('INT-031 answers errors itself, of which neither platform hears, and every answer ends once', async () => {
    await serve(async (app) => {
      expect((await app.ask('/orders/fail')).status).toBe(500)
      await ended(app, { kind: 'finished', status: 500, error: undefined, route: '/orders/fail' })
      expect((await app.ask('/orders/refuse')).status).toBe(418)
      await ended(app, { kind: 'finished', status: 418, error: undefined, route: '/orders/refuse' }, 2)
      expect((await app.ask('/nothing')).status).toBe(404)
      await ended(app, { kind: 'finished', status: 404 }, 3)
      expect(ran).toEqual(['failed 500'])
    })
  })

  it('INT-032 is aborted when the client leaves, before the reply and in the middle of a file', async () => {
    await serve(async (app) => {
      const waiting = new RawClient(app.port)
      await waiting.request('GET', '/orders/wait')
      await received.opened
      waiting.reset()
      await ended(app, { ...left('before-commit'), status: null })

      const closed = once(endless, 'close')
      const reading = new RawClient(app.port)
      await reading.request('GET', '/orders/download')
      await reading.until(/a part/)
      reading.reset()
      await ended(app, { ...left('mid-response'), status: 200 }, 2)
      await closed
      expect(ran).toEqual(['left client', 'left mid-response'])
    })
  })

  it('INT-033 is drained before Nest calls onApplicationShutdown', async () => {
    await serve(async (app, close) => {
      expect((await app.ask('/orders/slow')).body).toBe('hello')
      await app.outcome()
      const draining = gate<unknown>()
      subscribe(channelNames.drainStart, draining.open)
      const closed = close()
      await draining.opened
      unsubscribe(channelNames.drainStart, draining.open)
      received.open()
      await closed
      expect(ran).toEqual(closing)
      expect(app.outcomes).toHaveLength(1)
    })
  })
})
