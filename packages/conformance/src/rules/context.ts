import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { after, current, type Exchange, LifecycleError, onCommit } from '@afterword/lifecycle-core'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import type { Call } from '../rig.js'
import type { Rule } from '../rule.js'

/** Sends a POST whose body arrives only once the handler has been called. */
async function postSlowly(port: number, called: Promise<void>, fields: readonly string[] = [], body = 'abcdef'): Promise<RawClient> {
  const client = new RawClient(port)
  await client.request('POST', '/', [`Content-Length: ${body.length}`, 'Connection: close', ...fields])
  await called
  for (const byte of body) await client.send(byte)
  await client.until(/\r\n\r\n/)
  return client
}

function codeOf(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    assert(error instanceof LifecycleError)
    return error.code
  }
}

/** The free functions, and the async context in which tasks run. */
export const contextRules: readonly Rule[] = [
  {
    id: 'CTX-001',
    title: 'MUST find the exchange in synchronous and async handlers, after awaits, in timers and in microtasks',
    run: async (rig) => {
      const found: (Exchange | undefined)[] = []
      const ran: string[] = []
      let own: Exchange | undefined
      const use = (name: string) => {
        found.push(current())
        after(() => ran.push(name))
        onCommit((head) => head.appendHeader('x-seen', name))
      }
      await rig.serve(
        async ({ exchange, reply }) => {
          own = exchange
          use('sync')
          await Promise.resolve()
          use('await')
          await new Promise<void>((resolve) => {
            setTimeout(() => {
              use('timeout')
              setImmediate(() => {
                use('immediate')
                process.nextTick(() => {
                  use('tick')
                  resolve()
                })
              })
            }, 1)
          })
          reply(200, 'hello')
        },
        async (app) => {
          const { headers } = await app.ask()
          await app.lifecycle.idle()
          const names = ['sync', 'await', 'timeout', 'immediate', 'tick']
          assert.deepEqual(found, names.map(() => own))
          assert.deepEqual(ran, names)
          assert.equal(headers['x-seen'], names.toReversed().join(', '))
          assert.equal(current(), undefined)
        },
      )
    },
  },
  {
    id: 'CTX-002',
    title: 'MUST find the exchange in the events of a body that arrives after the handler was called',
    needs: ['http1'],
    run: async (rig) => {
      const called = gate()
      const found: Record<string, Exchange | undefined> = {}
      let own: Exchange | undefined
      let ran = 0
      await rig.serve(
        ({ exchange, req, reply }) => {
          own = exchange
          req.on('data', () => (found['data'] = current()))
          called.open()
          // Not a promise that settles: the reply comes from the event.
          return new Promise<void>((resolve) => {
            req.on('end', () => {
              found['end'] = current()
              after(() => ran++)
              onCommit((head) => head.setHeader('x-listened', 'yes'))
              reply(200, 'hello')
              resolve()
            })
          })
        },
        async (app) => {
          const client = await postSlowly(app.port, called.opened)
          await app.lifecycle.idle()
          assert.deepEqual(found, { data: own, end: own })
          assert.equal(ran, 1)
          assert.match(client.received, /x-listened: yes/i)
          await client.gone()
        },
      )
    },
  },
  {
    id: 'CTX-003',
    title: 'MUST find the exchange in a handler that the framework calls once it has parsed the body',
    needs: ['fastify'],
    run: async (rig) => {
      const called = gate()
      let ran = 0
      await rig.serveOwn?.(
        async (app, lifecycle) => {
          await app.register(lifecycle.plugin)
          app.addHook('preParsing', async () => called.open())
          app.post('/', async (request: { body: unknown }) => {
            after(() => ran++)
            return request.body
          })
        },
        async (app) => {
          const client = await postSlowly(app.port, called.opened, ['Content-Type: application/json'], '{"a":1}')
          await client.until(/\{"a":1\}/)
          await app.lifecycle.idle()
          assert.equal(ran, 1)
          await client.gone()
        },
      )
    },
  },
  {
    id: 'CTX-004',
    title: 'MUST run a task in the async context of the call to after, the application\'s own stores included',
    run: async (rig) => {
      const own = new AsyncLocalStorage<string>()
      const seen: string[] = []
      let begun: Exchange | undefined
      const note = (name: string) => () => {
        seen.push(`${name} ${own.getStore()} ${current() === begun}`)
      }
      await rig.serve(
        ({ exchange, req, res }) => {
          begun = exchange
          own.run('outer', () => {
            exchange.after(note('first'))
            own.run('inner', () => after(note('second'), { when: () => own.getStore() === 'inner' }))
            exchange.onCommit(() => own.run('listener', () => after(note('third'))))
            after(async () => {
              await new Promise((resolve) => setImmediate(resolve))
              own.run('task', () => after(note('nested')))
              note('fourth')()
            })
          })
          if (req.url === '/abort') res.destroy()
          else res.end('hello')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          const always = ['first outer true', 'second inner true']
          assert.deepEqual(seen.splice(0), [...always, 'third listener true', 'fourth outer true', 'nested task true'])
          await app.ask('/abort').catch(() => {})
          await app.lifecycle.idle()
          assert.deepEqual(seen, [...always, 'fourth outer true', 'nested task true'])
        },
      )
    },
  },
  {
    id: 'CTX-005',
    title: 'MUST run tasks in the context of their request after the client has left',
    needs: ['http1'],
    run: async (rig) => {
      const own = new AsyncLocalStorage<string>()
      const reached = gate()
      const seen: unknown[] = []
      await rig.serve(
        ({ exchange }) => {
          own.run('mine', () => after(({ kind }) => seen.push(kind, own.getStore(), current() === exchange)))
          reached.open()
          return new Promise(() => {})
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await reached.opened
          client.reset()
          await app.lifecycle.idle()
          assert.deepEqual(seen, ['aborted', 'mine', true])
        },
      )
    },
  },
  {
    id: 'CTX-006',
    title: 'MUST run the tasks of a pipelined request in its own context, not in that of the one before it',
    needs: ['http1'],
    run: async (rig) => {
      const own = new AsyncLocalStorage<string>()
      const calls: Record<string, Call> = {}
      const both = gate()
      const seen: string[] = []
      await rig.serve(
        (call) => {
          const url = call.req.url as string
          calls[url] = call
          own.run(url, () => {
            call.exchange.after(() => seen.push(`${url} ${own.getStore()} ${current() === call.exchange}`))
            after(() => seen.push(`${url} ${own.getStore()} ${current() === call.exchange}`))
          })
          if (Object.keys(calls).length === 2) both.open()
          return new Promise(() => {})
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
          await both.opened
          // The second is ready first, and waits for its turn on the connection.
          calls['/2']?.res.end('two')
          calls['/1']?.res.end('one')
          await client.until(/one[^]*two/)
          await app.lifecycle.idle()
          assert.deepEqual(seen, ['/1 /1 true', '/1 /1 true', '/2 /2 true', '/2 /2 true'])
          client.leave()
        },
      )
    },
  },
  {
    id: 'CTX-007',
    title: 'MUST call the sink for a task in the task\'s context, and subscribers in that of no other request',
    run: async (rig) => {
      const own = new AsyncLocalStorage<string>()
      const sink: unknown[] = []
      const told: unknown[] = []
      await rig.serve(
        ({ exchange, req, reply }) => {
          own.run(req.url as string, () => {
            after(() => {
              throw new Error('sync')
            })
            after(async () => {
              throw new Error('async')
            })
            after((_outcome, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)), { timeout: 1 })
            exchange.after(() => {})
          })
          return own.run(req.url as string, reply, 200, 'hello')
        },
        async (app) => {
          // Together, so that one turn and one tick serve all of them.
          await Promise.all(['/a', '/b', '/c'].map((path) => app.ask(path)))
          await app.lifecycle.idle()
          assert.equal(sink.length, 9)
          for (const [store, url] of sink as string[][]) assert.equal(store, url)
          assert.deepEqual(told, [
            [undefined, undefined],
            [undefined, undefined],
            [undefined, undefined],
          ])
        },
        {
          onOutcome: () => told.push([own.getStore(), current()]),
          onError: (_error, { outcome }) => sink.push([own.getStore(), outcome?.url]),
        },
      )
    },
  },
  {
    id: 'CTX-008',
    title: 'MUST refuse the free functions with `context: false`, and do everything else',
    run: async (rig) => {
      const codes: (string | undefined)[] = []
      const ran: string[] = []
      await rig.serve(
        ({ exchange, reply }) => {
          codes.push(codeOf(() => after(() => {})), codeOf(() => onCommit(() => {})))
          assert.equal(current(), undefined)
          exchange.onCommit((head) => head.setHeader('x-listened', 'yes'))
          exchange.after(({ kind }) => {
            ran.push(kind)
            exchange.after(() => ran.push('nested'))
            codes.push(codeOf(() => after(() => {})))
          })
          reply(200, 'hello')
        },
        async (app) => {
          const { headers } = await app.ask()
          await app.lifecycle.idle()
          assert.equal(headers['x-listened'], 'yes')
          assert.deepEqual(ran, ['finished', 'nested'])
          assert.deepEqual(codes, Array.from({ length: 3 }, () => 'ERR_LIFECYCLE_NO_EXCHANGE'))
        },
        { context: false },
      )
    },
  },
]
