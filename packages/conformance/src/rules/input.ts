import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createLifecycle } from '@afterword/adapter-node'
import { after, current, type ErrorCode, type Exchange, LifecycleError, onCommit } from '@afterword/lifecycle-core'
import { Lifecycle } from '@afterword/lifecycle-core/adapter'
import { gate } from '../latch.js'
import type { Rule } from '../rule.js'
import { mountRules } from './mount.js'

/** What somebody may write who has not read the types, or has none. */
// oxlint-disable-next-line typescript/no-explicit-any -- wrong on purpose
type Anything = any

const argument: ErrorCode = 'ERR_LIFECYCLE_INVALID_ARGUMENT'
const option: ErrorCode = 'ERR_LIFECYCLE_INVALID_OPTION'
const unknown: ErrorCode = 'ERR_LIFECYCLE_UNKNOWN_OPTION'

/** Requires a coded error at the call site, whose message says what to write instead. */
function assertRefuses(call: () => unknown, code: ErrorCode, ...words: string[]): void {
  let refusal: unknown
  try {
    call()
  } catch (error) {
    refusal = error
  }
  assert(refusal instanceof LifecycleError, `${String(call)} did not throw an error of ours: ${String(refusal)}`)
  assert.equal(refusal.code, code, String(call))
  for (const word of words) assert(refusal.message.includes(word), `"${refusal.message}" does not mention ${word}`)
}

/** Requires that no request is being handled here, and that the free functions say so. */
function assertOutside(): void {
  assertRefuses(() => after(() => {}), 'ERR_LIFECYCLE_NO_EXCHANGE', 'after()', 'Mount', 'req.exchange')
  assertRefuses(() => onCommit(() => {}), 'ERR_LIFECYCLE_NO_EXCHANGE', 'onCommit()')
  assert.equal(current(), undefined)
}

async function neverMade(): Promise<never> {
  assert.fail('it was made')
}

const wrongOptions: readonly [options: Anything, code: ErrorCode][] = [
  [null, argument],
  ['fast', argument],
  [42, argument],
  [[], argument],
  [() => {}, argument],
  [{ onerror: () => {} }, unknown],
  [{ toString: () => '' }, unknown],
  [{ onError: 'log' }, option],
  [{ onOutcome: {} }, option],
  [{ onRefused: null }, option],
  [{ context: 'yes' }, option],
  [{ timings: 1 }, option],
  [{ exchangeTimeout: 0 }, option],
  [{ exchangeTimeout: '30s' }, option],
  [{ taskTimeout: -1 }, option],
  [{ taskTimeout: NaN }, option],
  [{ concurrency: 0 }, option],
  [{ concurrency: 1.5 }, option],
  [{ maxDepth: '32' }, option],
]

/** Wrong input: a coded error at the call site, or a defined harmless result. */
export const inputRules: readonly Rule[] = [
  ...mountRules,
  {
    id: 'INP-010',
    title: 'MUST refuse wrong options of a lifecycle where it is made, and names that do not exist',
    run: async (rig) => {
      for (const [options, code] of wrongOptions) assertRefuses(() => new Lifecycle(options), code)
      assertRefuses(() => new Lifecycle({ taskTimeout: -1 }), option, 'taskTimeout', '-1', 'ms')
      assertRefuses(() => new Lifecycle({ onerror: () => {} } as Anything), unknown, 'onerror', 'onError')
      // The same through the adapter.
      await assert.rejects(rig.serve(() => {}, neverMade, { taskTimeout: -1 }), { code: option })
      await assert.rejects(rig.serve(() => {}, neverMade, { taskTimeOut: 1 } as Anything), { code: unknown })
    },
  },
  {
    id: 'INP-011',
    title: 'MUST take undefined for an option that is absent',
    run: async (rig) => {
      let ran = 0
      await rig.serve(
        ({ reply }) => {
          after(() => ran++, undefined)
          after(() => ran++, { name: undefined, when: undefined, timeout: undefined } as Anything)
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          assert.equal(ran, 2)
          assert.equal((await app.lifecycle.drain({ server: app.server, timeout: undefined, softTimeout: undefined })).clean, true)
        },
        { context: undefined, taskTimeout: undefined, concurrency: undefined } as Anything,
      )
    },
  },
  {
    id: 'INP-012',
    title: 'MUST refuse work that is neither a function nor a promise, and wrong task options, and go on',
    run: async (rig) => {
      const failed: unknown[] = []
      let ran = 0
      await rig.serve(
        ({ exchange, reply }) => {
          try {
            for (const schedule of [after, exchange.after.bind(exchange)] as Anything[]) {
              for (const work of [42, 'task', null, undefined, {}, [], true]) assertRefuses(() => schedule(work), argument, 'function')
              const task = () => ran++
              for (const options of [null, 'success', 42, []]) assertRefuses(() => schedule(task, options), argument)
              for (const options of [{ name: 42 }, { when: 'always' }, { when: true }, { timeout: 0 }, { timeout: '1s' }]) {
                assertRefuses(() => schedule(task, options), option)
              }
              assertRefuses(() => schedule(task, { When: 'success' }), unknown, 'When', 'when')
              schedule(task)
            }
          } catch (error) {
            failed.push(error)
          }
          reply(200, 'hello')
        },
        async (app) => {
          await app.ask()
          await app.lifecycle.idle()
          if (failed.length > 0) throw failed[0]
          assert.equal(ran, 2, 'what was refused must not run')
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'INP-013',
    title: 'MUST refuse the free functions outside a request, and say what to do',
    run: async (rig) => {
      assertOutside()
      await rig.serve(
        ({ reply }) => reply(200, 'hello'),
        async (app) => {
          await app.ask()
          assertOutside()
        },
      )
      assertOutside()
    },
  },
  {
    id: 'INP-014',
    title: 'MUST refuse a commit listener that is no function, or comes too late, and go on',
    run: async (rig) => {
      const failed: unknown[] = []
      let begun: Exchange | undefined
      await rig.serve(
        ({ exchange, res }) => {
          begun = exchange
          try {
            for (const listener of [42, null, undefined, {}, Promise.resolve()] as Anything[]) {
              assertRefuses(() => exchange.onCommit(listener), argument, 'function')
              assertRefuses(() => onCommit(listener), argument, 'function')
            }
            exchange.onCommit((head) => head.setHeader('x-listened', 'yes'))
            res.writeHead(200)
            assertRefuses(() => exchange.onCommit(() => {}), 'ERR_LIFECYCLE_COMMITTED', 'committed')
          } catch (error) {
            failed.push(error)
          }
          res.end('hello')
        },
        async (app) => {
          const { headers, body } = await app.ask()
          await app.lifecycle.idle()
          if (failed.length > 0) throw failed[0]
          assert.deepEqual([headers['x-listened'], body], ['yes', 'hello'])
          assertRefuses(() => begun?.onCommit(() => {}), 'ERR_LIFECYCLE_COMMITTED', 'drained')
        },
      )
    },
  },
  {
    id: 'INP-015',
    title: 'MUST refuse wrong options of a drain at the call, with the names that exist, and not begin it',
    run: async (rig) => {
      const reached = gate()
      await rig.serve(
        ({ reply }) => {
          reached.open()
          reply(200, 'hello')
        },
        async (app) => {
          const drain = (options: Anything) => () => app.lifecycle.drain(options)
          for (const options of [null, 42, 'now', [], app.server.close]) assertRefuses(drain(options), argument)
          for (const server of [null, 42, {}, 'http://127.0.0.1', [app.server, {}], () => {}]) {
            assertRefuses(drain({ server }), option, 'server')
          }
          for (const ms of [0, -1, NaN, '10s', null]) {
            assertRefuses(drain({ timeout: ms }), option, 'timeout')
            assertRefuses(drain({ softTimeout: ms }), option, 'softTimeout')
          }
          assertRefuses(drain({ servers: [app.server] }), unknown, 'servers', 'It has: server,')
          assertRefuses(drain({ hosts: [] }), unknown)
          // The core checks by itself, for adapters that do not.
          assertRefuses(() => new Lifecycle().drain({ timeout: 0 }), option, 'timeout')
          assertRefuses(() => new Lifecycle().drain({ hosts: 42 } as Anything), option, 'hosts')
          assert.equal(app.lifecycle.state, 'accepting')
          assert.equal(app.server.listening, true)
          assert.equal((await app.ask()).status, 200)
          await reached.opened
        },
      )
    },
  },
  {
    id: 'INP-016',
    title: 'MUST refuse to wrap what is no handler, and to attach to what is no server',
    needs: ['node', 'error-page'],
    run: async () => {
      const lifecycle = createLifecycle() as Anything
      for (const handler of [undefined, null, 42, {}, createServer()]) assertRefuses(() => lifecycle.listener(handler), argument, 'handler')
      for (const server of [undefined, null, 42, {}, () => {}]) assertRefuses(() => lifecycle.attach(server), argument, 'server')
    },
  },
]
