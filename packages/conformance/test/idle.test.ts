import { createServer } from 'node:http'
import { after, createLifecycle as createExpress } from '@afterword/adapter-express'
import { createLifecycle as createFastify } from '@afterword/adapter-fastify'
import { createLifecycle as createNode } from '@afterword/adapter-node'
import express from 'express'
import fastify from 'fastify'
import request from 'supertest'
import { describe, expect, it } from 'vitest'

/** After-work that takes some turns, and schedules more. */
function work(done: string[]): void {
  after(async () => {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    after(() => done.push('nested'))
    done.push('outer')
  })
}

describe('idle() is enough to test what happens after the response', () => {
  it('with supertest and Express', async () => {
    const lifecycle = createExpress()
    const done: string[] = []
    const app = express()
    app.use(lifecycle.middleware)
    app.post('/orders', (_req, res) => {
      work(done)
      res.status(201).json({ ok: true })
    })
    for (let round = 1; round <= 20; round++) {
      await request(app).post('/orders').expect(201, { ok: true })
      await lifecycle.idle()
      expect(done).toHaveLength(2 * round)
    }
  })

  it('with supertest and node:http', async () => {
    const lifecycle = createNode()
    const done: string[] = []
    const server = createServer(lifecycle.listener((_req, res) => {
      work(done)
      res.writeHead(204).end()
    }))
    for (let round = 1; round <= 20; round++) {
      await request(server).get('/').expect(204)
      await lifecycle.idle()
      expect(done).toHaveLength(2 * round)
    }
  })

  it('with inject() and Fastify', async () => {
    const lifecycle = createFastify()
    const done: string[] = []
    const app = fastify()
    await app.register(lifecycle.plugin)
    app.post('/orders', async (_request, reply) => {
      work(done)
      return reply.code(201).send({ ok: true })
    })
    for (let round = 1; round <= 20; round++) {
      const { statusCode } = await app.inject({ method: 'POST', url: '/orders' })
      expect(statusCode).toBe(201)
      await lifecycle.idle()
      expect(done).toHaveLength(2 * round)
    }
    await app.close()
  })
})
