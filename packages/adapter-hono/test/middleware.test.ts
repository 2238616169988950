import * as node from '@afterword/adapter-node'
import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
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

describe('middleware', () => {
  it('is what app.use takes, and types the context', () => {
    const app = new Hono()
    app.use(adapter.createLifecycle().middleware)
    app.get('/', (c) => {
      expectTypeOf(c.get('exchange')).toEqualTypeOf<adapter.Exchange>()
      expectTypeOf(c.var.exchange).toEqualTypeOf<adapter.Exchange>()
      // @ts-expect-error it has the members of an exchange, and no others
      void c.var.exchange.nothing
      return c.text('hello')
    })
  })

  it('types the context of an application with types of its own, and of middleware that belongs to none', () => {
    const app = new Hono<{ Variables: { user: string } }>()
    app.use(adapter.createLifecycle().middleware)
    app.get('/:id', (c) => {
      expectTypeOf(c.get('exchange')).toEqualTypeOf<adapter.Exchange>()
      expectTypeOf(c.var.exchange).toEqualTypeOf<adapter.Exchange>()
      expectTypeOf(c.var.user).toBeString()
      expectTypeOf(c.req.param('id')).toBeString()
      return c.text('hello')
    })
    createMiddleware(async (c, next) => {
      expectTypeOf(c.var.exchange).toEqualTypeOf<adapter.Exchange>()
      await next()
    })
  })
})
