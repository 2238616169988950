import assert from 'node:assert/strict'
import { LifecycleError, type CommitListener } from '@afterword/lifecycle-core'
import type { Call } from '../rig.js'
import type { Rule } from '../rule.js'
import { wireReply } from './head-wire.js'

/** What no response takes for its status. */
const impossible: readonly unknown[] = [0, 99, 150, 1000, 200.5, Number.NaN, '404']

/** Reads all that a head can tell, and changes all that it can. */
const change: CommitListener = (head) => {
  assert.equal(head.status, 200)
  assert.equal(head.getHeader('X-Kept'), 'kept')
  assert.equal(head.getHeader('x-none'), undefined)
  assert(head.hasHeader('x-removed') && !head.hasHeader('x-none'))
  assert(head.getHeaderNames().includes('x-replaced'))
  head.status = 418
  head.setHeader('X-Replaced', 'new')
  head.appendHeader('x-kept', 'appended')
  head.appendHeader('x-new', ['one', 'two'])
  head.removeHeader('X-Removed')
}

/** Commit listeners: when they run, what they may change, and what becomes of their errors. */
export const headListenersRules: readonly Rule[] = [
  {
    id: 'COM-001',
    title: 'MUST call commit listeners once, the last registered first, before the head is written',
    run: (rig) => {
      const order: string[] = []
      return rig.serve(
        ({ exchange, reply }) => {
          exchange.onCommit((head) => {
            order.push('first')
            head.setHeader('x-order', 'first')
          })
          exchange.onCommit((head) => {
            order.push('second')
            head.setHeader('x-order', 'second')
          })
          reply(200, 'hello')
        },
        async (app) => {
          const reply = await app.ask()
          assert.equal(reply.headers['x-order'], 'first')
          assert.deepEqual(order, ['second', 'first'])
          assert.equal((await app.outcome()).headers['x-order'], 'first')
        },
      )
    },
  },
  {
    id: 'COM-002',
    title: 'MUST refuse a commit listener once the head was written',
    run: async (rig) => {
      let refusal: unknown
      await rig.serve(
        ({ exchange, res }) => {
          res.writeHead(200)
          try {
            exchange.onCommit(() => {})
          } catch (error) {
            refusal = error
          }
          res.end()
        },
        async (app) => {
          await app.ask()
          assert(refusal instanceof LifecycleError)
          assert.equal(refusal.code, 'ERR_LIFECYCLE_COMMITTED')
        },
      )
    },
  },
  {
    id: 'COM-003',
    title: 'MUST let commit listeners read and change the status and the fields, of implicit and of explicit heads',
    run: (rig) => {
      const fields = { 'x-kept': 'kept', 'X-Replaced': 'old', 'x-removed': 'soon' }
      const ways: Record<string, (call: Call) => unknown> = {
        '/reply': ({ reply }) => reply(200, 'hello', fields),
        '/object': ({ res }) => res.writeHead(200, fields).end('hello'),
        '/list': ({ res }) => res.writeHead(200, Object.entries(fields).flat()).end('hello'),
        '/flush': ({ res }) => {
          for (const [name, value] of Object.entries(fields)) res.setHeader(name, value)
          res.flushHeaders()
          res.end('hello')
        },
        '/stream': ({ res }) => {
          for (const [name, value] of Object.entries(fields)) res.setHeader(name, value)
          res.write('hel')
          res.end('lo')
        },
      }
      return rig.serve(
        (call) => {
          call.exchange.onCommit(change)
          ways[call.req.url ?? '']?.(call)
        },
        async (app) => {
          for (const [index, path] of Object.keys(ways).entries()) {
            const { status, headers, body } = await app.ask(path)
            const outcome = await app.outcome(index + 1)
            assert.deepEqual(app.faults, [], path)
            assert.deepEqual([status, body, outcome.status], [418, 'hello', 418], path)
            for (const seen of [headers, outcome.headers]) {
              assert.equal(seen['x-replaced'], 'new', path)
              assert.equal(seen['x-kept'], 'kept, appended', path)
              assert.equal(seen['x-new'], 'one, two', path)
              assert(!('x-removed' in seen), path)
            }
          }
        },
      )
    },
  },
  {
    id: 'COM-004',
    title: 'MUST send what a commit listener throws to the sink, and call the others',
    run: async (rig) => {
      const error = new Error('listener')
      await rig.serve(
        ({ exchange, reply }) => {
          exchange.onCommit((head) => head.setHeader('x-others', 'called'))
          exchange.onCommit(() => {
            throw error
          })
          reply(201, 'hello')
        },
        async (app) => {
          const reply = await app.ask()
          assert.deepEqual([reply.status, reply.headers['x-others'], reply.body], [201, 'called', 'hello'])
          const { fault, error: reported } = await app.fault()
          assert.equal(reported, error)
          assert.equal(fault.source, 'commit-listener')
          assert.equal(fault.phase, 'handling')
          assert.equal((await app.outcome()).kind, 'finished')
          assert.equal(app.faults.length, 1)
        },
      )
    },
  },
  {
    id: 'COM-005',
    title: 'MUST report a commit listener that returns a promise, and contain its rejection',
    run: async (rig) => {
      const rejection = new Error('rejected')
      await rig.serve(
        ({ exchange, reply }) => {
          exchange.onCommit((head) => head.setHeader('x-others', 'called'))
          exchange.onCommit((async () => {
            throw rejection
          }) as unknown as CommitListener)
          reply(200, 'hello')
        },
        async (app) => {
          assert.equal((await app.ask()).headers['x-others'], 'called')
          const [first, second] = [await app.fault(1), await app.fault(2)]
          assert(first.error instanceof LifecycleError && first.error.code === 'ERR_LIFECYCLE_ASYNC_LISTENER')
          assert.equal(second.error, rejection)
          assert.deepEqual([first.fault.source, second.fault.source], ['commit-listener', 'commit-listener'])
        },
      )
    },
  },
  {
    id: 'COM-006',
    title: 'MUST take an impossible status for an error of the commit listener, not of the handler',
    run: (rig) =>
      rig.serve(
        ({ exchange, reply }) => {
          for (const status of impossible) exchange.onCommit((head) => void (head.status = status as number))
          reply(202, 'hello')
        },
        async (app) => {
          const { status, body } = await app.ask()
          assert.deepEqual([status, body], [202, 'hello'])
          assert.equal((await app.outcome()).status, 202)
          const refusal = ['commit-listener', 'ERR_LIFECYCLE_INVALID_ARGUMENT']
          const faults = app.faults.map(({ fault, error }) => [fault.source, (error as LifecycleError).code])
          assert.deepEqual(faults, impossible.map(() => refusal))
        },
      ),
  },
  {
    id: 'COM-007',
    title: 'MUST replace the reason together with the status',
    needs: ['http1'],
    run: (rig) =>
      rig.serve(
        ({ exchange, req, res }) => {
          if (!req.url?.startsWith('/same')) exchange.onCommit((head) => void (head.status = 503))
          exchange.onCommit((head) => void (head.status = 200))
          if (req.url?.endsWith('/implicit')) res.statusMessage = 'All Good'
          else res.writeHead(200, 'All Good', { 'x-a': '1' })
          res.end()
        },
        async ({ port }) => {
          assert.match(await wireReply(rig, port, '/implicit'), /^HTTP\/1\.1 503 Service Unavailable\n/)
          assert.match(await wireReply(rig, port, '/explicit'), /^HTTP\/1\.1 503 Service Unavailable\n/)
          assert.match(await wireReply(rig, port, '/same/explicit'), /^HTTP\/1\.1 200 All Good\n/)
          assert.match(await wireReply(rig, port, '/same/implicit'), /^HTTP\/1\.1 200 All Good\n/)
        },
      ),
  },
  {
    id: 'COM-031',
    title: 'MUST let commit listeners win over the fields that were given to writeHead',
    run: (rig) =>
      rig.serve(
        ({ req, res, exchange }) => {
          exchange.onCommit((head) => {
            head.setHeader('x-replaced', 'new')
            head.removeHeader('x-removed')
          })
          const fields = { 'x-replaced': 'old', 'x-removed': 'soon' }
          res.writeHead(200, req.url === '/list' ? Object.entries(fields).flat() : fields).end()
        },
        async (app) => {
          for (const path of ['/object', '/list']) {
            const { headers } = await app.ask(path)
            assert.equal(headers['x-replaced'], 'new', path)
            assert(!('x-removed' in headers), path)
          }
        },
      ),
  },
]
