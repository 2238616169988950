import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, createLifecycle, type Outcome } from '@afterword/adapter-fastify'
import compress from '@fastify/compress'
import replyFrom from '@fastify/reply-from'
import { fastifyRequestContext } from '@fastify/request-context'
import statics from '@fastify/static'
import underPressure from '@fastify/under-pressure'
import createApp from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RawClient } from '../../src/client.js'
import { gate, Latch } from '../../src/latch.js'
import { listen, stop } from '../../src/probe.js'
import { ended, left, places, serveFastify } from './serving.js'

describe.each(places)('the lifecycle registered %s', (place) => {
  const isFirst = place === 'before'

  it('INT-020 @fastify/compress compresses, and the head and the bytes are those that were sent', async () => {
    const text = 'hello '.repeat(10_000)
    const body = new Readable({ read() {} })
    const closed = gate()
    body.once('close', closed.open)
    await serveFastify(
      async (app, lifecycle) => {
        if (isFirst) await app.register(lifecycle.plugin)
        await app.register(compress, { encodings: ['gzip'] })
        if (!isFirst) await app.register(lifecycle.plugin)
        app.get('/', async (request, reply) => {
          request.exchange.onCommit((head) => head.setHeader('x-seen', String(head.getHeader('content-encoding'))))
          return reply.type('text/plain').send(text)
        })
        app.get('/endless', async (_request, reply) => {
          body.push(text)
          return reply.type('text/plain').send(body)
        })
      },
      async (app) => {
        const reply = await fetch(`http://127.0.0.1:${app.port}/`, { headers: { 'accept-encoding': 'gzip' } })
        expect(await reply.text()).toBe(text)
        expect([reply.headers.get('content-encoding'), reply.headers.get('x-seen')]).toEqual(['gzip', 'gzip'])
        await ended(app, { kind: 'finished', status: 200, route: '/' })
        expect(app.outcomes[0]?.bytes).toBeLessThan(text.length)

        const client = new RawClient(app.port)
        await client.request('GET', '/endless', ['Accept-Encoding: gzip'])
        await client.until(/\r\n\r\n/)
        client.reset()
        await ended(app, { ...left('mid-response'), status: 200 }, 2)
        await closed.opened
      },
    )
  })

  it('INT-021 @fastify/request-context gives its store to handlers and to the tasks behind them', async () => {
    const seen: unknown[] = []
    await serveFastify(
      async (app, lifecycle) => {
        if (isFirst) await app.register(lifecycle.plugin)
        await app.register(fastifyRequestContext, { hook: 'preValidation' })
        if (!isFirst) await app.register(lifecycle.plugin)
        const { requestContext } = app as unknown as { requestContext: { get(key: string): unknown; set(key: string, value: unknown): void } }
        app.post('/', async (request) => {
          requestContext.set('who', (request.body as { who: string }).who)
          await Promise.resolve()
          after(() => seen.push(requestContext.get('who')))
          return requestContext.get('who')
        })
      },
      async (app) => {
        for (const who of ['ada', 'grace']) {
          const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ who }) }
          expect((await app.ask('/', json)).body).toBe(who)
        }
        await ended(app, { kind: 'finished', status: 200 }, 2)
        expect(seen).toEqual(['ada', 'grace'])
      },
    )
  })
})

describe('@fastify/static', () => {
  const folder = mkdtempSync(join(tmpdir(), 'afterword-interop-'))
  writeFileSync(join(folder, 'small.txt'), 'hello static')
  writeFileSync(join(folder, 'large.bin'), Buffer.alloc(20_000_000, 'x'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('INT-022 finishes files, 304 and 404 once each, and aborts a file that its client leaves', async () => {
    await serveFastify(
      async (app, lifecycle) => {
        await app.register(lifecycle.plugin)
        await app.register(statics, { root: folder })
      },
      async (app) => {
        const whole = await app.ask('/small.txt')
        expect(whole.body).toBe('hello static')
        await ended(app, { kind: 'finished', status: 200 })
        expect((await app.ask('/small.txt', { headers: { 'if-none-match': String(whole.headers['etag']) } })).status).toBe(304)
        await ended(app, { kind: 'finished', status: 304 }, 2)
        expect((await app.ask('/nothing.txt')).status).toBe(404)
        await ended(app, { kind: 'finished', status: 404 }, 3)
        const client = new RawClient(app.port)
        await client.request('GET', '/large.bin')
        await client.until(/\r\n\r\n/)
        client.stall()
        client.reset()
        await ended(app, { ...left('mid-response'), status: 200 }, 4)
      },
    )
  })
})

describe('@fastify/reply-from', () => {
  const large = 'x'.repeat(3_000_000)
  const requests = new Latch<ServerResponse>()
  let upstream: Server
  beforeAll(async () => {
    upstream = createServer((req, res) => {
      requests.add(res)
      if (req.url === '/large') res.setHeader('x-upstream', 'yes').end(large)
      else res.write('a part')
    })
    await listen(upstream)
  })
  afterAll(() => stop(upstream))

  const serveProxy = (use: Parameters<typeof serveFastify>[1]) =>
    serveFastify(async (app, lifecycle) => {
      await app.register(lifecycle.plugin)
      await app.register(replyFrom, { base: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` })
      app.get('/*', (request, reply) => {
        request.exchange.onCommit((head) => head.setHeader('x-listened', String(head.getHeader('x-upstream'))))
        void reply.from(request.url)
      })
    }, use)

  it('INT-023 passes replies through intact, with a head that commit listeners see', async () => {
    await serveProxy(async (app) => {
      const { body, headers } = await app.ask('/large')
      expect([body === large, headers['x-listened']]).toEqual([true, 'yes'])
      await ended(app, { kind: 'finished', status: 200, route: '/*', url: '/large' })
    })
  })

  it('INT-024 aborts when the client leaves in the middle, and the upstream hears of it', async () => {
    await serveProxy(async (app) => {
      const count = requests.items.length
      const client = new RawClient(app.port)
      await client.request('GET', '/part')
      await client.until(/a part/)
      const closed = once(await requests.nth(count + 1), 'close')
      client.reset()
      await ended(app, { ...left('mid-response'), status: 200 })
      await closed
    })
  })

  it('INT-025 aborts when the upstream dies in the middle, and the client sees it', async () => {
    await serveProxy(async (app) => {
      const count = requests.items.length
      const client = new RawClient(app.port)
      await client.request('GET', '/part')
      await client.until(/a part/)
      ;(await requests.nth(count + 1)).destroy()
      await client.gone()
      expect(client.received).not.toMatch(/\r\n0\r\n\r\n$/)
      await ended(app, { kind: 'aborted', reason: 'server', position: 'mid-response', status: 200 })
    })
  })
})

it('INT-026 @fastify/under-pressure refuses with 503, which is an end like any other, with the tasks of earlier hooks and no handler', async () => {
  let healthy = true
  const ran: unknown[] = []
  await serveFastify(
    async (app, lifecycle) => {
      await app.register(lifecycle.plugin)
      app.addHook('onRequest', async ({ url, exchange }) => void (url === '/' && exchange.after(({ status }) => ran.push(`task ${status}`))))
      await app.register(underPressure, { healthCheck: async () => healthy, healthCheckInterval: 5, exposeStatusRoute: '/status' })
      app.get('/', async () => {
        ran.push('handler')
        return 'hello'
      })
    },
    async (app) => {
      expect((await app.ask()).body).toBe('hello')
      await ended(app, { kind: 'finished', status: 200 })
      healthy = false
      let asked = 1
      // Until it has looked.
      for (let status = 200; status !== 503; asked++) status = (await app.ask('/status')).status
      await ended(app, { kind: 'finished', status: 503, route: '/status' }, asked)
      expect((await app.ask()).status).toBe(503)
      await ended(app, { kind: 'finished', status: 503, route: '/' }, asked + 1)
      expect(ran).toEqual(['handler', 'task 200', 'task 503'])
    },
  )
})

it('INT-027 app.inject() ends once, commits, runs its tasks, and app.close() waits for them', async () => {
  const outcomes: Outcome[] = []
  const lifecycle = createLifecycle({ onOutcome: (outcome) => void outcomes.push(outcome) })
  const app = createApp()
  await app.register(lifecycle.plugin)
  const held = gate()
  const ran: unknown[] = []
  app.post('/', async (request, reply) => {
    request.exchange.onCommit((head) => head.setHeader('x-listened', 'yes'))
    after(async ({ status }) => {
      await held.opened
      ran.push(status)
    })
    return reply.code(201).send(request.body)
  })
  app.get('/zip', async (_request, reply) => reply.header('content-encoding', 'identity').send(Readable.from(['a ', 'stream'])))
  const reply = await app.inject({ method: 'POST', url: '/', payload: { hello: 'world' } })
  expect([reply.statusCode, reply.json(), reply.headers['x-listened']]).toEqual([201, { hello: 'world' }, 'yes'])
  expect((await app.inject('/zip')).body).toBe('a stream')
  expect((await app.inject('/nothing')).statusCode).toBe(404)
  expect(ran).toEqual([])
  const closed = app.close()
  held.open()
  await closed
  expect(ran).toEqual([201])
  expect(lifecycle.state).toBe('drained')
  expect(outcomes.map(({ kind, status }) => `${kind} ${status}`)).toEqual(['finished 201', 'finished 200', 'finished 404'])
})
