import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLifecycle, type Exchange, type Outcome } from '@afterword/adapter-node'
import { askHttp1 } from '../client.js'
import { listen, stop } from '../probe.js'
import type { Rule } from '../rule.js'

async function served(server: Server, use: (port: number) => Promise<void>): Promise<void> {
  await listen(server)
  try {
    await use((server.address() as AddressInfo).port)
  } finally {
    await stop(server)
  }
}

/** Mounts where one does not expect them. */
export const mountRules: readonly Rule[] = [
  {
    id: 'INP-001',
    title: 'MUST take a second mount on the same response for the first: one exchange, one end, each task once',
    needs: ['node', 'error-page'],
    run: async () => {
      const outcomes: Outcome[] = []
      const lifecycle = createLifecycle({ onOutcome: (outcome) => outcomes.push(outcome) })
      const seen: Exchange[] = []
      let ran = 0
      const outer = (req: { exchange: Exchange }, res: ServerResponse) => {
        seen.push(req.exchange)
        inner(req as never, res)
      }
      const inner = lifecycle.listener((req, res) => {
        seen.push(req.exchange)
        req.exchange.after(() => ran++)
        res.end('hello')
      })
      const server = lifecycle.attach(lifecycle.attach(createServer(lifecycle.listener(outer))))
      await served(server, async (port) => {
        assert.equal((await askHttp1(port, '/')).body, 'hello')
        await lifecycle.idle()
      })
      assert.equal(seen.length, 2)
      assert.equal(seen[0], seen[1])
      assert.equal(ran, 1)
      assert.equal(outcomes.length, 1)
    },
  },
  {
    id: 'INP-002',
    title: 'MUST take a second middleware on the same response for the first',
    needs: ['express'],
    run: async (rig) => {
      const seen: Exchange[] = []
      const note = (req: { exchange: Exchange }, _res: unknown, next: () => void) => {
        seen.push(req.exchange)
        next()
      }
      let ran = 0
      await rig.serveOwn?.(
        (app, lifecycle) => {
          app.use(lifecycle.middleware, note, lifecycle.middleware, note)
          app.get('/', (req: { exchange: Exchange }, res: { send(body: string): void }) => {
            req.exchange.after(() => ran++)
            res.send('hello')
          })
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'hello')
          await app.lifecycle.idle()
          assert.equal(seen[0], seen[1])
          assert.deepEqual([ran, app.outcomes.length], [1, 1])
        },
      )
    },
  },
  {
    id: 'INP-003',
    title: 'MUST end the exchange of a mount that comes after the response ended, with its status, and run its tasks',
    needs: ['node', 'error-page'],
    run: async () => {
      const outcomes: Outcome[] = []
      const lifecycle = createLifecycle({ onOutcome: (outcome) => outcomes.push(outcome) })
      const ran: (number | null)[] = []
      const late = lifecycle.listener((req) => {
        req.exchange.after(({ status }) => ran.push(status))
        assert.throws(() => req.exchange.onCommit(() => {}), { code: 'ERR_LIFECYCLE_COMMITTED' })
      })
      const mountNow = createServer((req, res) => {
        res.writeHead(201)
        res.end('hello')
        late(req as IncomingMessage & { exchange: Exchange }, res)
      })
      const mountAfterFinish = createServer((req, res) => {
        res.writeHead(202)
        res.once('finish', () => late(req as IncomingMessage & { exchange: Exchange }, res))
        res.end('hello')
      })
      for (const server of [mountNow, mountAfterFinish]) {
        await served(server, async (port) => {
          assert.equal((await askHttp1(port, '/')).body, 'hello')
          await lifecycle.idle()
        })
      }
      assert.deepEqual(outcomes.map(({ kind }) => kind), ['finished', 'finished'])
      assert.deepEqual(ran, [201, 202])
    },
  },
]
