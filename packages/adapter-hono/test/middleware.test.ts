import * as node from '@afterword/adapter-node'
import { Hono } from 'hono'
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
      return c.text('hello')
    })
  })
})
