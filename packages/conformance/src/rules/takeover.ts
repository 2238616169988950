import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Call } from '../rig.js'
import type { Rule } from '../rule.js'
import { assertEndings, byUrl, hugeBody, visit } from './ending.js'

/** Applications, and options of Node, that do to the response what most do not. */
export const takeoverRules: readonly Rule[] = [
  {
    id: 'END-341',
    title: 'MUST abort in mid-response when the source of `pipeline` breaks, and at the deadline when that of `pipe` does',
    needs: ['http1'],
    run: async (rig) => {
      for (const way of ['pipeline', 'pipe'] as const) {
        const source = new Readable({ read() {} }).on('error', () => {})
        source.push('part')
        await rig.serve(
          ({ res }) => void (way === 'pipe' ? source.pipe(res) : pipeline(source, res).catch(() => {})),
          async (app) => {
            const { client, closed } = await visit(app)
            await client.request('GET', '/')
            await client.until(/part\r\n$/)
            // As an upstream connection that was reset: not the client's doing.
            source.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
            await client.gone()
            await closed
            await assertEndings(app, { '/': `aborted ${way === 'pipe' ? 'deadline' : 'server'} mid-response 200` })
          },
          way === 'pipe' ? { exchangeTimeout: 300 } : {},
        )
      }
    },
  },
  {
    id: 'END-342',
    title: 'MUST abort as detached when the application takes the connection away from the response',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(takeOver, async (app) => {
        const { client, closed } = await visit(app)
        await client.request('GET', '/')
        await client.until(/raw$/)
        await client.gone()
        await closed
        await assertEndings(app, { '/': 'aborted detached before-commit' })
      })
    },
  },
  {
    id: 'END-343',
    title: 'MUST end with its connection what the application has removed all listeners from',
    needs: ['http1'],
    run: async (rig) => {
      const { handler } = byUrl({
        '/': ({ res }) => {
          res.removeAllListeners()
          res.end('hello')
        },
      })
      await rig.serve(handler, async (app) => {
        const { client, closed } = await visit(app)
        await client.request('GET', '/')
        await client.until(/hello$/)
        client.reset()
        await closed
        await assertEndings(app, { '/': 'aborted client unflushed 200' })
      })
    },
  },
  {
    id: 'END-344',
    title: 'MUST end requests whose events Node leaves out (`optimizeEmptyRequests`), finished or aborted',
    needs: ['http1'],
    run: async (rig) => {
      const { calls, handler } = byUrl({ '/finished': ({ reply }) => reply(200, 'hello'), '/aborted': () => {} })
      await rig.serve(
        handler,
        async (app) => {
          await app.ask('/finished')
          const { client, closed } = await visit(app)
          await client.request('GET', '/aborted')
          await calls.nth(2)
          client.reset()
          await closed
          await assertEndings(app, { '/finished': 'finished 200', '/aborted': 'aborted client before-commit' })
        },
        { server: { optimizeEmptyRequests: true, http: { optimizeEmptyRequests: true } } },
      )
    },
  },
  {
    id: 'END-345',
    title: 'MUST end once what a handler leaves by a rejection that Node captures, before the head and after it',
    needs: ['http1', 'node'],
    run: async (rig) => {
      const emitters = EventEmitter as unknown as { captureRejections: boolean }
      emitters.captureRejections = true
      try {
        await rig.serve(reject, async (app) => {
          for (const url of ['/before', '/after']) {
            const { client, closed } = await visit(app)
            await client.request('GET', url, ['Connection: close'])
            await client.gone()
            await closed
          }
          await app.outcome(2)
          // Whether it is the server's fault or the sink's depends on who the framework is; see the rules on faults.
          ;(app.faults as unknown[]).length = 0
          await assertEndings(app, { '/before': 'finished 500', '/after': 'aborted server mid-response 200' })
        })
      } finally {
        emitters.captureRejections = false
      }
    },
  },
  {
    id: 'END-346',
    title: 'MUST let a listener of the application destroy the connection in the event that ends the response',
    needs: ['http1'],
    run: async (rig) => {
      await rig.serve(destroyWhenFinished, async (app) => {
        const { client, closed } = await visit(app)
        await client.request('GET', '/')
        await client.gone()
        await closed
        await assertEndings(app, { '/': 'finished 200' })
      })
    },
  },
]

/** Speaks for itself on the connection. */
function takeOver({ req, res }: Call): void {
  const { socket } = req
  res.detachSocket(socket)
  socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nraw')
}

/** Rejects, before its head or after it. */
async function reject({ req, res }: Call): Promise<void> {
  if (req.url === '/after') res.write('part')
  await Promise.reject(new Error('captured'))
}

/** Destroys the connection in the event that ends the response. */
function destroyWhenFinished({ req, res }: Call): void {
  res.prependListener('finish', () => req.socket.destroy())
  res.end(hugeBody)
}
