import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import compression from 'compression'
import session from 'express-session'
import helmet from 'helmet'
import { describe, expect, it } from 'vitest'
import { RawClient } from '../../src/client.js'
import { ended, left, places, serveExpress } from './serving.js'

describe.each(places)('the lifecycle mounted %s', (place) => {
  const isFirst = place === 'before'
  const text = 'hello '.repeat(10_000)

  it('INT-003 express-session keeps its session, and its cookie is in the head that was sent', async () => {
    const seen: boolean[] = []
    const saved: string[] = []
    const store = new session.MemoryStore()
    const { set } = store
    store.set = (id, data, done) => {
      saved.push('saved')
      set.call(store, id, data, done)
    }
    await serveExpress(
      (app, lifecycle) => {
        if (isFirst) app.use(lifecycle.middleware)
        app.use(session({ secret: 'a secret', resave: false, saveUninitialized: false, store }))
        if (!isFirst) app.use(lifecycle.middleware)
        app.get('/', (req, res) => {
          const visits = (req.session as unknown as { visits?: number }).visits ?? 0
          Object.assign(req.session, { visits: visits + 1 })
          req.exchange.onCommit((head) => seen.push(head.hasHeader('set-cookie')))
          req.exchange.after(() => saved.push('task'))
          res.send(`visit ${visits + 1}`)
        })
      },
      async (app) => {
        const first = await app.ask('/')
        await ended(app, { kind: 'finished', status: 200 })
        const [cookie = ''] = (first.headers['set-cookie'] as string[])[0]?.split(';') ?? []
        expect(cookie).toMatch(/^connect\.sid=/)
        expect(app.outcomes[0]?.headers?.['set-cookie']?.[0]).toContain(cookie)
        expect((await app.ask('/', { headers: { cookie } })).body).toBe('visit 2')
        await ended(app, { kind: 'finished', status: 200 }, 2)
        // What is mounted first sees the head last. The second reply needs no cookie.
        expect(seen).toEqual([isFirst, false])
        expect(saved).toEqual(['saved', 'task', 'saved', 'task'])
      },
    )
  })

  it('INT-004 compression compresses, and the bytes are those that were sent', async () => {
    const seen: unknown[] = []
    await serveExpress(
      (app, lifecycle) => {
        if (isFirst) app.use(lifecycle.middleware)
        app.use(compression())
        if (!isFirst) app.use(lifecycle.middleware)
        app.get('/', (req, res) => {
          req.exchange.onCommit((head) => {
            seen.push(head.getHeader('content-encoding'))
            head.setHeader('x-listened', 'yes')
          })
          res.send(text)
        })
      },
      async (app) => {
        const client = new RawClient(app.port)
        await client.request('GET', '/', ['Accept-Encoding: gzip', 'Connection: close'])
        await client.gone()
        const [head = ''] = client.received.split('\r\n\r\n', 1)
        expect(head).toMatch(/^content-encoding: gzip$/im)
        expect(head).toMatch(/^x-listened: yes$/im)
        expect(gunzipSync(unchunk(client.received.slice(head.length + 4))).toString()).toBe(text)
        await ended(app, { kind: 'finished', status: 200, bytes: client.received.length })
        expect(app.outcomes[0]?.headers).toMatchObject({ 'content-encoding': 'gzip', 'x-listened': 'yes' })
        expect(seen).toEqual([isFirst ? 'gzip' : undefined])
      },
    )
  })

  it('INT-005 compression of an endless reply is aborted when the client leaves', async () => {
    const ran: unknown[] = []
    await serveExpress(
      (app, lifecycle) => {
        if (isFirst) app.use(lifecycle.middleware)
        app.use(compression())
        if (!isFirst) app.use(lifecycle.middleware)
        app.get('/', (req, res) => {
          req.exchange.after(({ status }) => ran.push(status))
          res.type('text').write(randomBytes(100_000).toString('hex'))
        })
      },
      async (app) => {
        const client = new RawClient(app.port)
        await client.request('GET', '/', ['Accept-Encoding: gzip'])
        await client.until(/\r\n\r\n/)
        client.reset()
        await ended(app, { ...left('mid-response'), status: 200 })
        expect(ran).toEqual([200])
      },
    )
  })

  it('INT-006 helmet sets its fields, which commit listeners see and may change, and tasks read', async () => {
    const read: unknown[] = []
    await serveExpress(
      (app, lifecycle) => {
        if (isFirst) app.use(lifecycle.middleware)
        app.use(helmet())
        if (!isFirst) app.use(lifecycle.middleware)
        app.get('/', (req, res) => {
          req.exchange.onCommit((head) => {
            expect(head.getHeader('x-content-type-options')).toBe('nosniff')
            head.setHeader('x-frame-options', 'DENY')
          })
          req.exchange.after((outcome) => read.push(outcome.headers['x-frame-options']))
          res.send('hello')
        })
      },
      async (app) => {
        const { headers } = await app.ask()
        expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' })
        expect(headers['content-security-policy']).toContain('default-src')
        await ended(app, { kind: 'finished', status: 200 })
        expect(read).toEqual(['DENY'])
      },
    )
  })
})

/** The body of a chunked reply, as bytes. */
function unchunk(body: string): Buffer {
  let rest = body
  let whole = ''
  for (;;) {
    const line = rest.indexOf('\r\n')
    const length = Number.parseInt(rest.slice(0, line), 16)
    if (!(length > 0)) return Buffer.from(whole, 'latin1')
    whole += rest.slice(line + 2, line + 2 + length)
    rest = rest.slice(line + 2 + length + 2)
  }
}
