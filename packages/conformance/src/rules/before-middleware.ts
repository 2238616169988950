import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExpressLifecycle } from '@afterword/adapter-express'
import type { FastifyLifecycle } from '@afterword/adapter-fastify'
import compress from '@fastify/compress'
import serveFiles from '@fastify/static'
import compression from 'compression'
import type { Express } from 'express'
import session, { MemoryStore } from 'express-session'
import type { FastifyInstance } from 'fastify'
import helmet from 'helmet'
import serveStatic from 'serve-static'
import { gunzipSync } from 'node:zlib'
import { RawClient } from '../client.js'
import type { App, Rig } from '../rig.js'
import type { Rule } from '../rule.js'

type OwnRig = Rig & { serveOwn: NonNullable<Rig['serveOwn']> }

const text = 'a line of text that can be compressed\n'.repeat(2000)

/** A folder with one file. */
async function withFile(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'afterword-'))
  try {
    await writeFile(join(folder, 'file.txt'), text)
    await use(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Asks for a compressed reply, and unpacks it. */
async function askPacked(app: App, path: string): Promise<{ head: string; body: string }> {
  const client = new RawClient(app.port)
  await client.request('GET', path, ['Accept-Encoding: gzip', 'Connection: close'])
  await client.gone()
  const [head = '', ...rest] = client.received.split('\r\n\r\n')
  const bytes = Buffer.from(rest.join('\r\n\r\n'), 'latin1')
  const whole = /transfer-encoding: chunked/i.test(head) ? unchunk(bytes) : bytes
  return { head, body: (/content-encoding: gzip/i.test(head) ? gunzipSync(whole) : whole).toString() }
}

function unchunk(bytes: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let offset = 0; ; ) {
    const line = bytes.indexOf('\r\n', offset)
    const size = Number.parseInt(bytes.toString('latin1', offset, line), 16)
    if (size === 0) return Buffer.concat(chunks)
    chunks.push(bytes.subarray(line + 2, line + 2 + size))
    offset = line + 2 + size + 2
  }
}

/** Waits a turn, changes the head, and refuses what it is asked to. */
async function decide(head: { setHeader(name: string, value: string): void }, exchange: { url: string }): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  if (exchange.url.includes('refuse')) throw new Error('refused')
  head.setHeader('x-decided', 'yes')
}

/** With the middleware that applications really have. */
export const beforeMiddlewareRules: readonly Rule[] = [
  {
    id: 'BCM-080',
    title: 'MUST hold and refuse with compression, sessions, helmet and files in the chain, wherever the hook was registered',
    needs: ['express'],
    run: (rig) =>
      withFile(async (folder) => {
        for (const place of ['application', 'before', 'handler'] as const) {
          const store = new MemoryStore()
          const bodies: (string | undefined)[] = []
          await (rig as OwnRig).serveOwn(
            (app: Express, lifecycle: ExpressLifecycle) => {
              app.use(lifecycle.middleware)
              if (place === 'before') {
                app.use((req, _res, next) => {
                  req.exchange.beforeCommit(decide)
                  next()
                })
              }
              app.use(helmet() as never, compression() as never)
              app.use(session({ store, secret: 'secret', resave: false, saveUninitialized: false }) as never)
              if (place === 'handler') {
                app.use((req, _res, next) => {
                  req.exchange.beforeCommit(decide)
                  next()
                })
              }
              app.get(['/json', '/refuse'], (req, res) => {
                req.exchange.after(({ body }) => bodies.push(body?.text()))
                Object.assign((req as { session?: object }).session ?? {}, { user: 'Ada' })
                res.cookie('own', '1').json({ text })
              })
              app.use(serveStatic(folder) as never)
            },
            async (app) => {
              const json = await askPacked(app, '/json')
              assert.deepEqual(JSON.parse(json.body), { text })
              for (const field of ['content-encoding: gzip', 'x-decided: yes', 'set-cookie: connect.sid', 'set-cookie: own=1', 'content-security-policy']) {
                assert(json.head.toLowerCase().includes(field), `${place}: ${field}\n${json.head}`)
              }
              assert.equal(Object.keys(await sessions(store)).length, 1)

              const file = await askPacked(app, '/file.txt')
              assert.equal(file.body, text)
              assert(file.head.includes('gzip') && file.head.includes('x-decided: yes'), file.head)

              const page = await askPacked(app, '/refuse')
              assert(page.head.startsWith('HTTP/1.1 500'), page.head)
              assert(page.body.includes('refused') && !page.body.includes('a line'), page.body)
              assert(!/own=1|x-decided/.test(page.head), page.head)

              const files = await Promise.all(Array.from({ length: 8 }, () => askPacked(app, '/file.txt')))
              assert(files.every(({ body }) => body === text))
              await app.lifecycle.idle()
              assert.equal(bodies[0], JSON.stringify({ text }))
              assert(bodies[1]?.includes('refused') && !bodies[1].includes('a line'))
              assert.deepEqual(app.faults, [])
            },
            { captureBody: { limit: 1_000_000 }, ...(place === 'application' && { beforeCommit: decide }) },
          )
        }
      }),
  },
  {
    id: 'BCM-081',
    title: 'MUST hold and refuse with @fastify/compress and @fastify/static in the chain',
    needs: ['fastify'],
    run: (rig) =>
      withFile((folder) =>
        (rig as OwnRig).serveOwn(
          async (app: FastifyInstance, lifecycle: FastifyLifecycle) => {
            await app.register(lifecycle.plugin)
            await app.register(compress)
            await app.register(serveFiles, { root: folder })
            app.get('/json', async () => ({ text }))
            app.get('/refuse', async (_request, reply) => reply.header('x-own', '1').send({ text }))
            app.get('/refuse-file', (_request, reply) => reply.sendFile('file.txt'))
          },
          async (app) => {
            const json = await askPacked(app, '/json')
            assert.deepEqual(JSON.parse(json.body), { text })
            assert(json.head.includes('content-encoding: gzip') && json.head.includes('x-decided: yes'), json.head)
            const file = await askPacked(app, '/file.txt')
            assert.equal(file.body, text)
            assert(file.head.includes('x-decided: yes'), file.head)
            for (const path of ['/refuse', '/refuse-file']) {
              const { head, body } = await askPacked(app, path)
              assert(head.startsWith('HTTP/1.1 500'), head)
              assert(!/x-decided/.test(head) && body.includes('refused') && !body.includes('a line'), body)
            }
            await app.lifecycle.idle()
            assert.deepEqual(app.faults, [])
          },
          { beforeCommit: decide },
        ),
      ),
  },
]

/** What a session store holds. */
function sessions(store: MemoryStore): Promise<object> {
  return new Promise((resolve, reject) => store.all((error, all) => (error === null || error === undefined ? resolve(all ?? {}) : reject(error as Error))))
}
