import * as node from '@afterword/adapter-node'
import createApp from 'fastify'
import { describe, expect, expectTypeOf, it } from 'vitest'
import * as adapter from '../src/index.js'

describe('the package', () => {
  it('exports what adapter-node does, so that an application installs one package', () => {
    for (const name of Object.keys(node)) expect(adapter).toHaveProperty(name)
    expect(adapter.after).toBe(node.after)
    expect(adapter.createLifecycle()).toBeInstanceOf(node.NodeLifecycle)
  })

  it('checks its options', () => {
    expect(() => adapter.createLifecycle({ concurrency: 0 })).toThrow(expect.objectContaining({ code: 'ERR_LIFECYCLE_INVALID_OPTION' }))
  })
})

describe('plugin', () => {
  it('tells the outcome of an injected request, with its route, and runs its task', async () => {
    const seen: unknown[] = []
    const lifecycle = adapter.createLifecycle({ onOutcome: ({ kind, status, route, url }) => seen.push({ kind, status, route, url }) })
    const app = createApp()
    await app.register(lifecycle.plugin)
    app.get('/things/:id', async (request) => {
      expectTypeOf(request.exchange).toEqualTypeOf<adapter.Exchange>()
      // @ts-expect-error it has the members of an exchange, and no others
      void request.exchange.nothing
      adapter.after(({ status }) => seen.push(status))
      return { own: adapter.current() === request.exchange }
    })
    const reply = await app.inject('/things/7')
    expect(reply.json()).toEqual({ own: true })
    await lifecycle.idle()
    expect(seen).toEqual([{ kind: 'finished', status: 200, route: '/things/:id', url: '/things/7' }, 200])
    await app.close()
  })

  it('reaches encapsulated children, and routes that were registered later', async () => {
    const lifecycle = adapter.createLifecycle()
    const app = createApp()
    await app.register(lifecycle.plugin)
    await app.register(async (child) => {
      child.get<{ Querystring: { page: string } }>('/child', async ({ exchange, query }) => {
        expectTypeOf(exchange).toEqualTypeOf<adapter.Exchange>()
        expectTypeOf(query.page).toBeString()
        return exchange.route
      })
    }, { prefix: '/nested' })
    expect((await app.inject('/nested/child')).body).toBe('/nested/child')
    await app.close()
  })

  it('drains before onClose', async () => {
    const order: string[] = []
    const lifecycle = adapter.createLifecycle()
    const app = createApp()
    await app.register(lifecycle.plugin)
    app.addHook('onClose', async () => void order.push(`onClose ${lifecycle.state}`))
    app.get('/', async () => {
      adapter.after(async () => {
        await Promise.resolve()
        order.push('task')
      })
      return 'hello'
    })
    await app.inject('/')
    await app.close()
    expect(order).toEqual(['task', 'onClose drained'])
  })

  it('says for which Fastify it is, and its name', () => {
    const meta = (adapter.createLifecycle().plugin as unknown as Record<symbol, { fastify: string; name: string }>)[Symbol.for('plugin-meta')]
    expect(meta).toMatchObject({ fastify: '5.x', name: '@afterword/adapter-fastify' })
  })
})
