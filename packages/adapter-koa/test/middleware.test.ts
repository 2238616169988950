import * as node from '@afterword/adapter-node'
import Koa from 'koa'
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
    const app = new Koa()
    app.use(adapter.createLifecycle().middleware)
    app.use((ctx) => {
      expectTypeOf(ctx.exchange).toEqualTypeOf<adapter.Exchange>()
      // @ts-expect-error it has the members of an exchange, and no others
      void ctx.exchange.nothing
    })
  })

  it('types the context of an application with types of its own', () => {
    const app = new Koa<{ user: string }, { database: object }>()
    app.use(adapter.createLifecycle().middleware)
    app.use((ctx) => {
      expectTypeOf(ctx.exchange).toEqualTypeOf<adapter.Exchange>()
      expectTypeOf(ctx.state.user).toBeString()
      // @ts-expect-error it has the members of an exchange, and no others
      void ctx.exchange.nothing
    })
    expectTypeOf<Koa.Context['exchange']>().toEqualTypeOf<adapter.Exchange>()
    expectTypeOf<Koa.ParameterizedContext<{ user: string }, { database: object }>['exchange']>().toEqualTypeOf<adapter.Exchange>()
  })
})
