import * as node from '@afterword/adapter-node'
import express from 'express'
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
  it('is what app.use takes, and types the request', () => {
    const app = express()
    app.use(adapter.createLifecycle().middleware)
    app.get('/', (req) => {
      expectTypeOf(req.exchange).toEqualTypeOf<adapter.Exchange>()
      // @ts-expect-error it has the members of an exchange, and no others
      void req.exchange.nothing
    })
    express.Router().get<{ id: string }, string, { name: string }>('/:id', (req) => {
      expectTypeOf(req.exchange).toEqualTypeOf<adapter.Exchange>()
      expectTypeOf(req.body.name).toBeString()
    })
  })

  it('has the arity of a middleware that is no error handler', () => {
    expect(adapter.createLifecycle().middleware).toHaveLength(3)
  })
})
