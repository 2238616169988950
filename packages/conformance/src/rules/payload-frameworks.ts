import assert from 'node:assert/strict'
import { reply as replyWith, type ExpressLifecycle } from '@afterword/adapter-express'
import type { FastifyLifecycle } from '@afterword/adapter-fastify'
import etag from '@fastify/etag'
import type { Express, NextFunction, Request, Response } from 'express'
import type { FastifyInstance } from 'fastify'
import type { App, Rig } from '../rig.js'
import type { Rule } from '../rule.js'

const quiet = (): void => {}

interface Old {
  send(...args: unknown[]): void
}

type OwnRig = Rig & { serveOwn: NonNullable<Rig['serveOwn']> }

/** Asks twice, the second time with the validator of the first reply. */
async function askAgain(app: App): Promise<void> {
  const { status, headers, body } = await app.ask('/')
  assert.deepEqual([status, JSON.parse(body)], [200, { name: 'Ada' }])
  assert.equal(Number(headers['content-length']), body.length)
  const tag = String(headers['etag'])
  const other = await app.ask('/other')
  assert.equal(other.headers['etag'], tag, 'the validator is of the body that is sent')
  const again = await app.ask('/', { headers: { 'if-none-match': tag } })
  assert.deepEqual([again.status, again.body], [304, ''])
}

/** What is particular to one framework. */
export const payloadFrameworkRules: readonly Rule[] = [
  {
    id: 'PAY-020',
    title: 'MUST show what is given to json, jsonp, send and sendStatus once each, also where one calls the other',
    needs: ['express'],
    run: async (rig) => {
      const seen: unknown[] = []
      const ways: Record<string, (res: Response) => unknown> = {
        '/json': (res) => res.json({ a: 1 }),
        '/jsonp': (res) => res.jsonp({ a: 1 }),
        '/object': (res) => res.send({ a: 1 }),
        '/text': (res) => res.send('text'),
        '/bytes': (res) => res.send(Buffer.from('bytes')),
        '/nothing': (res) => res.send(),
        '/status': (res) => res.sendStatus(404),
        '/end': (res) => res.end('end'),
      }
      await (rig as OwnRig).serveOwn(
        (app: Express, lifecycle: ExpressLifecycle) => {
          app.use(lifecycle.middleware)
          for (const [path, way] of Object.entries(ways)) app.get(path, (_req, res) => void way(res))
          // Express 4 takes a status as well, on either side.
          app.get('/before', (_req, res) => void (res as unknown as Old).send(201, { a: 1 }))
          app.get('/behind', (_req, res) => void (res as unknown as Old).send({ a: 1 }, 201))
        },
        async (app) => {
          const bodies: string[] = []
          for (const path of Object.keys(ways)) bodies.push((await app.ask(path)).body)
          if (rig.name === 'express4') {
            process.on('deprecation', quiet)
            for (const path of ['/before', '/behind']) {
              const { status, body } = await app.ask(path)
              assert.deepEqual([status, body, seen.pop()], [201, '{"a":1}', { a: 1 }])
            }
            process.off('deprecation', quiet)
          }
          assert.deepEqual(bodies, ['{"a":1}', '{"a":1}', '{"a":1}', 'text', 'bytes', '', 'Not Found', 'end'])
          assert.deepEqual(seen, [{ a: 1 }, { a: 1 }, { a: 1 }, 'text', Buffer.from('bytes'), undefined, 'Not Found'])
        },
        {
          onPayload: async (payload) => {
            await new Promise((resolve) => setImmediate(resolve))
            seen.push(payload)
          },
        },
      )
    },
  },
  {
    id: 'PAY-021',
    title: 'MUST make the validator and the length of what the hooks made of the payload, and answer 304 with it',
    needs: ['express'],
    run: (rig) =>
      (rig as OwnRig).serveOwn(
        (app: Express, lifecycle: ExpressLifecycle) => {
          app.use(lifecycle.middleware)
          app.get('/', (_req, res) => void res.json({ name: 'Ada', secret: Math.random() }))
          app.get('/other', (_req, res) => void res.json({ name: 'Ada' }))
        },
        askAgain,
        { onPayload: async (payload) => ({ name: (payload as { name: string }).name }) },
      ),
  },
  {
    id: 'PAY-022',
    title: 'MUST leave the validator and 304 to the hooks of Fastify behind it, for values that are sent and that are returned',
    needs: ['fastify'],
    run: (rig) =>
      (rig as OwnRig).serveOwn(
        async (app: FastifyInstance, lifecycle: FastifyLifecycle) => {
          await app.register(lifecycle.plugin)
          await app.register(etag)
          app.get('/', async () => ({ name: 'Ada', secret: Math.random() }))
          app.get('/other', (_request, reply) => void reply.send({ name: 'Ada' }))
        },
        askAgain,
        { onPayload: async (payload) => ({ name: (payload as { name: string }).name }) },
      ),
  },
  {
    id: 'PAY-023',
    title: 'MUST serialize what the hooks made of the payload by the schema of the route',
    needs: ['fastify'],
    run: (rig) =>
      (rig as OwnRig).serveOwn(
        async (app: FastifyInstance, lifecycle: FastifyLifecycle) => {
          await app.register(lifecycle.plugin)
          const schema = { response: { 200: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } } } }
          app.get('/', { schema }, async (request) => {
            request.exchange.onPayload((payload) => ({ ...(payload as object), b: '2', c: 3 }))
            return { a: 1 }
          })
        },
        async (app) => assert.equal((await app.ask()).body, '{"a":1,"b":2}'),
      ),
  },
  {
    id: 'PAY-024',
    title: 'MUST write any value with its type and its length, where the adapter itself serializes it',
    needs: ['node'],
    run: async (rig) => {
      const values: Record<string, unknown> = {
        '/object': { a: 'ä' },
        '/list': [1],
        '/number': 1,
        '/text': 'ä',
        '/bytes': new Uint8Array([65]),
        '/nothing': undefined,
        '/null': null,
      }
      await rig.serve(
        ({ res, req }) => replyWith(res, values[req.url ?? '']),
        async (app) => {
          const seen: unknown[] = []
          for (const path of Object.keys(values)) {
            const { body, headers } = await app.ask(path)
            assert.equal(Number(headers['content-length']), Buffer.byteLength(body), path)
            seen.push([String(headers['content-type']).split(';')[0], body])
          }
          const json = 'application/json'
          assert.deepEqual(seen, [
            [json, '{"a":"ä"}'], [json, '[1]'], [json, '1'], ['text/plain', 'ä'], ['application/octet-stream', 'A'], ['undefined', ''], ['undefined', ''],
          ])
          const head = await app.ask('/object', { method: 'HEAD' })
          assert.deepEqual([head.headers['content-length'], head.body], ['10', ''])
        },
      )
    },
  },
  {
    id: 'PAY-025',
    title: 'MUST not show the error page of a payload hook to any payload hook, though it is a value',
    needs: ['express'],
    run: async (rig) => {
      let runs = 0
      await (rig as OwnRig).serveOwn(
        (app: Express, lifecycle: ExpressLifecycle) => {
          app.use(lifecycle.middleware)
          app.get('/', (req, res) => {
            req.exchange.onPayload(() => void runs++)
            req.exchange.onPayload(() => {
              throw new Error('refused')
            })
            res.json({ a: 'secret' })
          })
          app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => void res.status(503).json({ error: error.message }))
        },
        async (app) => {
          const { status, body } = await app.ask()
          assert.deepEqual([status, body, runs], [503, '{"error":"refused"}', 0])
        },
      )
    },
  },
  {
    id: 'PAY-026',
    title: 'MUST not show the error page of a payload hook to any payload hook on Fastify, though it is a value',
    needs: ['fastify'],
    run: async (rig) => {
      let runs = 0
      await (rig as OwnRig).serveOwn(
        async (app: FastifyInstance, lifecycle: FastifyLifecycle) => {
          await app.register(lifecycle.plugin)
          app.setErrorHandler((error: Error, _request, reply) => void reply.code(503).send({ error: error.message }))
          app.get('/', async (request) => {
            request.exchange.onPayload(() => void runs++)
            request.exchange.onPayload(() => Promise.reject(new Error('refused')))
            return { a: 'secret' }
          })
        },
        async (app) => {
          const { status, body } = await app.ask()
          assert.deepEqual([status, body, runs], [503, '{"error":"refused"}', 0])
        },
      )
    },
  },
]
