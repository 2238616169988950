import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { serve } from './express-own.js'

/** Own functions of a response. */
function ownFunctions(res: object): string[] {
  return Object.getOwnPropertyNames(res).filter((name) => typeof (res as Record<string, unknown>)[name] === 'function')
}

const contained = ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader', 'write', 'end']

function hello(_req: unknown, res: ServerResponse): void {
  res.end('hello')
}

/** Without the guard. */
export const guardOffRules: readonly Rule[] = [
  {
    id: 'GRD-014',
    title: 'MUST touch no method of a response besides writeHead when the guard is off, and none before the claim when it is on',
    run: async (rig) => {
      for (const [guard, listens] of [[false, false], [false, true], [true, false]] as const) {
        const seen = gate<{ before: string[]; after: string[] }>()
        await rig.serve(
          ({ exchange, res }) => {
            if (listens) exchange.onCommit(() => {})
            const before = ownFunctions(res)
            res.end('hello')
            seen.open({ before, after: ownFunctions(res) })
          },
          async (app) => {
            await app.ask()
            const { before, after } = await seen.opened
            assert.deepEqual(before.filter((name) => contained.includes(name)), [])
            assert.deepEqual(after.filter((name) => contained.includes(name)), guard ? contained : [])
          },
          { guard, callSites: false },
        )
      }
    },
  },
  {
    id: 'GRD-015',
    title: 'MUST leave every layer, router and application of Express as it is when the guard is off',
    needs: ['express'],
    run: async (rig) => {
      const found: unknown[] = []
      let handlers: unknown[] = []
      let own: string[] = []
      await serve(
        rig,
        (app, lifecycle, express) => {
          const router = express.Router()
          handlers = [hello, lifecycle.middleware, router]
          router.get('/:id', hello as never)
          app.use(lifecycle.middleware)
          app.use('/x', router)
          // Looked at behind the mount, when the routing has begun.
          app.use('/look', ((_req: unknown, res: ServerResponse) => {
            const main = ((app as { _router?: unknown })._router ?? app.router) as { stack: { handle: unknown }[] }
            const inner = router.stack[0]?.route?.stack[0] as { handle: unknown }
            found.push(...[inner, ...main.stack].map(({ handle }) => handle).filter((handle) => handlers.includes(handle)))
            own = [...Object.keys(main), ...Object.keys(router), ...Object.keys(lifecycle.middleware)].filter((name) => ['handle', 'set', 'emit'].includes(name))
            res.end()
          }) as never)
        },
        async (app) => {
          assert.equal((await app.ask('/x/1')).body, 'hello')
          await app.ask('/look')
          assert.deepEqual(found, handlers)
          assert.deepEqual(own, [])
        },
      )
    },
  },
  {
    id: 'GRD-016',
    title: 'MUST run what comes after the reply, and let a second reply throw, when the guard is off',
    needs: ['express'],
    run: async (rig) => {
      const ran: string[] = []
      const thrown = gate<NodeJS.ErrnoException>()
      await serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.use((_req, res, next) => {
            res.send('first')
            next()
          })
          app.use((_req, res) => {
            ran.push('later')
            try {
              res.send('second')
            } catch (error) {
              thrown.open(error as NodeJS.ErrnoException)
            }
          })
        },
        async (app) => {
          assert.equal((await app.ask()).body, 'first')
          assert.equal((await thrown.opened).code, 'ERR_HTTP_HEADERS_SENT')
          assert.deepEqual(ran, ['later'])
        },
      )
    },
  },
]
