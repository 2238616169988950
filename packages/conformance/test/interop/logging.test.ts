import { createLifecycle, type Outcome } from '@afterword/adapter-express'
import morgan from 'morgan'
import { pinoHttp } from 'pino-http'
import { describe, expect, it } from 'vitest'
import { RawClient } from '../../src/client.js'
import { gate, Latch } from '../../src/latch.js'
import { ended, left, places, serveExpress } from './serving.js'

describe.each(places)('the lifecycle mounted %s the logger', (place) => {
  type Lifecycle = ReturnType<typeof createLifecycle>
  const inOrder = (lifecycle: Lifecycle, logger: unknown) =>
    (place === 'before' ? [lifecycle.middleware, logger] : [logger, lifecycle.middleware]) as Lifecycle['middleware'][]

  const cases = [
    {
      name: 'INT-001 morgan',
      logger: (lines: Latch<string>) => morgan(':method :url :status :res[content-length]', { stream: { write: (line) => void lines.add(line.trim()) } }),
      done: /^GET \/done 201 5$/,
      gone: /^GET \/wait - -$/,
    },
    {
      name: 'INT-002 pino-http',
      logger: (lines: Latch<string>) => pinoHttp({}, { write: (line: string) => void lines.add(line.trim()) }),
      done: /"statusCode":201.*"msg":"request completed"/,
      gone: /"msg":"request aborted"/,
    },
  ]

  it.each(cases)('$name writes its line once, for a reply and for a client that leaves, and sees nothing of ours', async ({ logger, done, gone }) => {
    const lines = new Latch<string>()
    const told: (Outcome['status'] | string)[] = []
    const reached = gate()
    await serveExpress(
      (app, lifecycle) => {
        app.use(...(inOrder(lifecycle, logger(lines)) as never[]))
        app.get('/done', (req, res) => {
          req.exchange.onCommit((head) => told.push(`head ${head.status}`))
          req.exchange.after(({ status }) => told.push(status))
          res.status(201).send('hello')
        })
        app.get('/wait', (req) => {
          req.exchange.after(({ status }) => told.push(status))
          reached.open()
        })
      },
      async (app) => {
        expect((await app.ask('/done')).body).toBe('hello')
        expect(await lines.nth(1)).toMatch(done)
        await ended(app, { kind: 'finished', status: 201, route: '/done' })
        const client = new RawClient(app.port)
        await client.request('GET', '/wait')
        await reached.opened
        client.reset()
        expect(await lines.nth(2)).toMatch(gone)
        await ended(app, left('before-commit'), 2)
        expect(told).toEqual(['head 201', 201, null])
        expect(lines.items).toHaveLength(2)
      },
    )
  })
})
