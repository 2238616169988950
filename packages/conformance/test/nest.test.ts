// oxlint-disable import/no-unassigned-import -- Nest wants it for its side effect
// oxlint-disable typescript/no-extraneous-class -- Nest modules are empty classes
import type { Server } from 'node:http'
import { createLifecycle as onExpress } from '@afterword/adapter-express'
import { after, createLifecycle as onFastify, current } from '@afterword/adapter-fastify'
import { Body, Controller, Get, HttpException, type INestApplication, Module, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { describe, expect, it } from 'vitest'
import { RawClient } from '../src/client.js'
import { gate } from '../src/latch.js'
import { Probe } from '../src/probe.js'
import type { App } from '../src/rig.js'

let received = gate()
const ran: string[] = []

class Orders {
  find(): string {
    after(({ status }) => ran.push(`found ${status}`))
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
    throw new HttpException('no', 418)
  }

  wait(): Promise<never> {
    after(({ reason }) => ran.push(`left ${reason}`))
    received.open()
    return new Promise(() => {})
  }
}

class Shop {
  readonly name = 'shop'
}

/** The transformer of the test runner knows no decorators, which are functions after all. */
function decorate(name: keyof Orders, decorator: MethodDecorator): void {
  decorator(Orders.prototype, name, Object.getOwnPropertyDescriptor(Orders.prototype, name) as PropertyDescriptor)
}

decorate('find', Get())
decorate('place', Post())
Body()(Orders.prototype, 'place', 0)
decorate('fail', Get('fail'))
decorate('refuse', Get('refuse'))
decorate('wait', Get('wait'))
Controller('orders')(Orders)
Module({ controllers: [Orders] })(Shop)

interface Platform {
  name: string
  start(probe: Probe): Promise<{ nest: INestApplication; lifecycle: App['lifecycle'] }>
  stop(nest: INestApplication, lifecycle: App['lifecycle']): Promise<unknown>
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
  },
]

describe.each(platforms)('NestJS on $name', ({ start, stop }) => {
  it('ends every exchange once, runs its tasks, and drains', async () => {
    const probe = new Probe()
    const { nest, lifecycle } = await start(probe)
    await nest.listen(0, '127.0.0.1')
    const app = probe.app(lifecycle, nest.getHttpServer() as Server)
    ran.length = 0
    received = gate()

    expect((await app.ask('/orders')).body).toBe('all of them')
    expect(await app.outcome(1)).toMatchObject({ kind: 'finished', status: 200, route: '/orders', url: '/orders' })

    const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"name":"tea"}' }
    expect(await app.ask('/orders', json)).toMatchObject({ status: 201, body: '{"name":"tea"}', headers: { 'x-order': 'tea' } })
    expect(await app.outcome(2)).toMatchObject({ kind: 'finished', status: 201 })

    // Nest answers errors itself: neither platform hears of them.
    expect((await app.ask('/orders/fail')).status).toBe(500)
    expect(await app.outcome(3)).toMatchObject({ kind: 'finished', status: 500, error: undefined, route: '/orders/fail' })
    expect((await app.ask('/orders/refuse')).status).toBe(418)
    expect(await app.outcome(4)).toMatchObject({ kind: 'finished', status: 418 })
    expect((await app.ask('/nothing')).status).toBe(404)
    expect(await app.outcome(5)).toMatchObject({ kind: 'finished', status: 404 })

    const client = new RawClient(app.port)
    await client.request('GET', '/orders/wait')
    await received.opened
    client.reset()
    expect(await app.outcome(6)).toMatchObject({ kind: 'aborted', reason: 'client', position: 'before-commit', status: null })

    await stop(nest, lifecycle)
    expect(lifecycle.state).toBe('drained')
    expect(ran).toEqual(['found 200', 'placed tea', 'failed 500', 'left client'])
    expect(app.outcomes).toHaveLength(6)
    expect(app.faults).toEqual([])
  })
})
