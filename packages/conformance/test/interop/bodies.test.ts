import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from '@afterword/adapter-express'
import express, { type ErrorRequestHandler } from 'express'
import { createProxyMiddleware } from 'http-proxy-middleware'
import multer from 'multer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RawClient } from '../../src/client.js'
import { gate, Latch } from '../../src/latch.js'
import { listen, stop } from '../../src/probe.js'
import { ended, left, serveExpress } from './serving.js'

describe('express.static', () => {
  const folder = mkdtempSync(join(tmpdir(), 'afterword-interop-'))
  writeFileSync(join(folder, 'small.txt'), 'hello static')
  writeFileSync(join(folder, 'large.bin'), Buffer.alloc(20_000_000, 'x'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('INT-007 finishes files, ranges, 304 and 404 once each, and aborts a file that its client leaves', async () => {
    const ran: unknown[] = []
    await serveExpress(
      (app, lifecycle) => {
        app.use(lifecycle.middleware)
        app.use((req, _res, next) => {
          req.exchange.after(({ kind, status }) => ran.push(`${kind} ${status}`))
          next()
        })
        app.use(express.static(folder))
      },
      async (app) => {
        const whole = await app.ask('/small.txt')
        expect(whole.body).toBe('hello static')
        await ended(app, { kind: 'finished', status: 200 })
        expect((await app.ask('/small.txt', { headers: { range: 'bytes=0-4' } })).body).toBe('hello')
        await ended(app, { kind: 'finished', status: 206 }, 2)
        expect((await app.ask('/small.txt', { headers: { 'if-none-match': String(whole.headers['etag']) } })).status).toBe(304)
        await ended(app, { kind: 'finished', status: 304 }, 3)
        expect((await app.ask('/nothing.txt')).status).toBe(404)
        await ended(app, { kind: 'finished', status: 404 }, 4)
        const client = new RawClient(app.port)
        await client.request('GET', '/large.bin')
        await client.until(/\r\n\r\n/)
        client.stall()
        client.reset()
        await ended(app, { ...left('mid-response'), status: 200 }, 5)
        expect(ran).toEqual(['finished 200', 'finished 206', 'finished 304', 'finished 404', 'aborted 200'])
      },
    )
  })
})

describe('multer', () => {
  const boundary = 'afterword'
  const body = [
    `--${boundary}`, 'Content-Disposition: form-data; name="note"', '', 'tea',
    `--${boundary}`, 'Content-Disposition: form-data; name="file"; filename="a.txt"', 'Content-Type: text/plain', '', 'the content',
    `--${boundary}--`, '',
  ].join('\r\n')
  const fields = ['Connection: close', `Content-Type: multipart/form-data; boundary=${boundary}`, `Content-Length: ${body.length}`]

  it('INT-008 parses an upload that comes slowly, in the async context, and aborts one that its client leaves', async () => {
    const ran: unknown[] = []
    const arrived = new Latch<unknown>()
    const failed = gate<unknown>()
    await serveExpress(
      (app, lifecycle) => {
        app.use(lifecycle.middleware)
        app.use((req, _res, next) => {
          arrived.add(req)
          next()
        })
        app.post('/', multer({ storage: multer.memoryStorage() }).single('file'), (req, res) => {
          // Called by the parser, behind the last byte.
          after(({ status }) => ran.push(status))
          res.status(201).json({ note: req.body.note, file: req.file?.buffer.toString() })
        })
        app.use(((error, _req, _res, _next) => failed.open(error)) satisfies ErrorRequestHandler)
      },
      async (app) => {
        const client = new RawClient(app.port)
        await client.request('POST', '/', fields, body.slice(0, 100))
        await arrived.nth(1)
        await client.send(body.slice(100))
        await client.gone()
        expect(client.received).toContain('{"note":"tea","file":"the content"}')
        await ended(app, { kind: 'finished', status: 201, route: '/' })
        expect(ran).toEqual([201])

        const leaving = new RawClient(app.port)
        await leaving.request('POST', '/', fields, body.slice(0, 150))
        await arrived.nth(2)
        leaving.reset()
        await failed.opened
        await ended(app, { ...left('before-commit'), status: null }, 2)
        expect(ran).toEqual([201])
      },
    )
  })
})

describe('http-proxy-middleware', () => {
  const large = 'x'.repeat(3_000_000)
  const requests = new Latch<{ req: IncomingMessage; res: ServerResponse }>()
  let upstream: Server
  let target = ''
  beforeAll(async () => {
    upstream = createServer((req, res) => {
      requests.add({ req, res })
      if (req.url === '/large') res.setHeader('x-upstream', 'yes').end(large)
      else if (req.url === '/echo') req.pipe(res)
      else res.write('a part')
    })
    await listen(upstream)
    target = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  })
  afterAll(() => stop(upstream))

  const serveProxy = (use: Parameters<typeof serveExpress>[1], options = {}, to = () => target) =>
    serveExpress((app, lifecycle) => {
      app.use(lifecycle.middleware)
      app.use((req, _res, next) => {
        req.exchange.onCommit((head) => head.setHeader('x-listened', String(head.getHeader('x-upstream'))))
        next()
      })
      app.use(createProxyMiddleware({ target: to(), changeOrigin: true }))
    }, use, options)

  it('INT-009 passes replies and uploads through intact, with a head that commit listeners see', async () => {
    await serveProxy(async (app) => {
      const { body, headers } = await app.ask('/large')
      expect(body === large).toBe(true)
      expect(headers['x-listened']).toBe('yes')
      await ended(app, { kind: 'finished', status: 200 })
      expect((await app.ask('/echo', { method: 'POST', body: 'an upload' })).body).toBe('an upload')
      await ended(app, { kind: 'finished', status: 200 }, 2)
    })
  })

  it('INT-010 finishes with the page of the proxy where nobody answers', async () => {
    const nobody = createServer()
    await listen(nobody)
    const { port } = nobody.address() as AddressInfo
    await stop(nobody)
    await serveProxy(
      async (app) => {
        const { status } = await app.ask('/large')
        expect(status).toBeGreaterThanOrEqual(500)
        await ended(app, { kind: 'finished', status })
      },
      {},
      () => `http://127.0.0.1:${port}`,
    )
  })

  it('INT-011 aborts when the client leaves in the middle, and the upstream hears of it', async () => {
    await serveProxy(async (app) => {
      const count = requests.items.length
      const client = new RawClient(app.port)
      await client.request('GET', '/part')
      await client.until(/a part/)
      const { res } = await requests.nth(count + 1)
      const closed = once(res, 'close')
      client.reset()
      await ended(app, { ...left('mid-response'), status: 200 })
      await closed
    })
  })

  it('INT-012 is ended by exchangeTimeout when the upstream dies in the middle, of which the proxy tells nobody', async () => {
    await serveProxy(
      async (app) => {
        const count = requests.items.length
        const client = new RawClient(app.port)
        await client.request('GET', '/part')
        await client.until(/a part/)
        const { res } = await requests.nth(count + 1)
        res.destroy()
        await client.gone()
        expect(client.received).not.toMatch(/\r\n0\r\n\r\n$/)
        await ended(app, { kind: 'aborted', reason: 'deadline', position: 'mid-response', status: 200 })
      },
      { exchangeTimeout: 1000 },
    )
  })
})
