import { createServer } from 'node:http'
import { after, createLifecycle as onExpress, type Outcome } from '@afterword/adapter-express'
import { createLifecycle as onFastify } from '@afterword/adapter-fastify'
import { createLifecycle as onHono } from '@afterword/adapter-hono'
import { createLifecycle as onKoa } from '@afterword/adapter-koa'
import { createLifecycle as onNode } from '@afterword/adapter-node'
import { createAdaptorServer } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import request from 'supertest'
import { expect, it } from 'vitest'
import { Latch } from '../../src/latch.js'

type Listener = Parameters<typeof request>[0]

const servers = {
  express(options: { onOutcome(outcome: Outcome): void }, task: (outcome: Outcome) => void) {
    const lifecycle = onExpress(options)
    const app = express()
    app.use(lifecycle.middleware, express.json())
    app.post('/', (req, res) => {
      after(task)
      res.status(201).json(req.body)
    })
    return { app: app as Listener, lifecycle }
  },
  async fastify(options: { onOutcome(outcome: Outcome): void }, task: (outcome: Outcome) => void) {
    const lifecycle = onFastify(options)
    const app = fastify()
    await app.register(lifecycle.plugin)
    app.post('/', async ({ body }, reply) => {
      after(task)
      return reply.code(201).send(body)
    })
    await app.ready()
    return { app: app.server as Listener, lifecycle }
  },
  hono(options: { onOutcome(outcome: Outcome): void }, task: (outcome: Outcome) => void) {
    const lifecycle = onHono(options)
    const app = new Hono()
    app.use(lifecycle.middleware)
    app.post('/', async (c) => {
      after(task)
      return c.json(await c.req.json(), 201)
    })
    return { app: createAdaptorServer(app) as Listener, lifecycle }
  },
  koa(options: { onOutcome(outcome: Outcome): void }, task: (outcome: Outcome) => void) {
    const lifecycle = onKoa(options)
    const app = new Koa()
    app.use(lifecycle.middleware)
    app.use(async (ctx) => {
      const chunks: Buffer[] = []
      for await (const chunk of ctx.req) chunks.push(chunk as Buffer)
      after(task)
      ctx.status = 201
      ctx.body = JSON.parse(Buffer.concat(chunks).toString())
    })
    return { app: app.callback() as Listener, lifecycle }
  },
  node(options: { onOutcome(outcome: Outcome): void }, task: (outcome: Outcome) => void) {
    const lifecycle = onNode(options)
    const server = createServer(
      lifecycle.listener((req, res) => {
        after(task)
        res.writeHead(201, { 'content-type': 'application/json' })
        req.pipe(res)
      }),
    )
    return { app: server as Listener, lifecycle }
  },
}

it.each(Object.entries(servers))('INT-028 supertest asks %s, whose server it starts and closes for each request, and idle() waits for the tasks', async (_name, build) => {
  const outcomes = new Latch<Outcome>()
  const ran: unknown[] = []
  const { app, lifecycle } = await build({ onOutcome: (outcome) => outcomes.add(outcome) }, ({ status }) => ran.push(status))
  for (const n of [1, 2]) {
    await request(app).post('/').send({ n }).expect(201, { n })
    await lifecycle.idle()
    expect([outcomes.items.length, outcomes.items[n - 1]?.kind, ran.length]).toEqual([n, 'finished', n])
  }
  expect(ran).toEqual([201, 201])
})
