import assert from 'node:assert/strict'
import { gracefulShutdown, type ShutdownOptions } from '@afterword/adapter-node/shutdown'
import { gate, Latch } from '../latch.js'
import type { App, CallHandler, Rig } from '../rig.js'
import type { Rule } from '../rule.js'

/** The process, as far as a shutdown touches it. */
export interface Stage {
  readonly app: App
  readonly log: readonly string[]
  /** Resolves with the code of `process.exit`. */
  readonly exited: Promise<number>
  readonly dispose: () => void
  /** Calls what the shutdown has put on an event of the process, and nobody else's. */
  emit(event: string, ...args: unknown[]): void
}

/** Calls it with `process.exit` replaced, and takes away again whatever it put on the process. */
export async function onStage(app: App, shutdown: (log: (text: string) => unknown) => () => void, use: (stage: Stage) => Promise<void>): Promise<void> {
  const events = ['SIGTERM', 'SIGINT', 'uncaughtException']
  const earlier = new Map(events.map((event) => [event, process.rawListeners(event)]))
  const ours = (event: string) => process.rawListeners(event).filter((listener) => earlier.get(event)?.includes(listener) !== true)
  const exits = new Latch<number>()
  const { exit } = process
  process.exit = ((code: number) => exits.add(code)) as typeof process.exit
  // A rule that hangs must not keep it from those who have to end the process.
  const giveBack = setTimeout(() => (process.exit = exit), 4000).unref()
  const log: string[] = []
  const dispose = shutdown((text) => log.push(text))
  try {
    await use({
      app,
      log,
      exited: exits.nth(1),
      dispose,
      emit(event, ...args) {
        for (const listener of ours(event)) listener(...(args as []))
      },
    })
    assert(exits.items.length <= 1)
  } finally {
    clearTimeout(giveBack)
    process.exit = exit
    for (const event of events) for (const listener of ours(event)) process.off(event, listener as () => void)
  }
}

function serve(rig: Rig, handler: CallHandler, options: ShutdownOptions, use: (stage: Stage) => Promise<void>): Promise<void> {
  return rig.serve(handler, (app) =>
    onStage(app, (log) => gracefulShutdown(app.lifecycle as never, app.server, { log, ...options }), use),
  )
}

const hello: CallHandler = ({ reply }) => reply(200, 'hello')

/** Drains on signals and crashes. */
export const shutdownRules: readonly Rule[] = [
  {
    id: 'DRN-150',
    title: 'MUST drain on SIGTERM and on SIGINT, print the report, call `onDrained`, and exit with 0',
    run: async (rig) => {
      for (const signal of ['SIGTERM', 'SIGINT']) {
        const steps: unknown[] = []
        const reached = gate()
        const answer = gate()
        const slow: CallHandler = async ({ exchange, reply }) => {
          exchange.after(() => steps.push('task'))
          reached.open()
          await answer.opened
          reply(200, 'hello')
        }
        const onDrained: ShutdownOptions['onDrained'] = async ({ tasks }) => {
          await new Promise((resolve) => setImmediate(resolve))
          steps.push(`drained ${tasks.completed}`)
        }
        await serve(rig, slow, { onDrained, timeout: 600_000 }, async ({ app, emit, exited, log }) => {
          const asked = app.ask()
          await reached.opened
          emit(signal)
          assert.equal(app.lifecycle.ready, false)
          answer.open()
          assert.equal((await asked).status, 200)
          assert.equal(await exited, 0)
          assert.deepEqual(steps, ['task', 'drained 1'])
          assert.match(log.join('\n'), /^Drained in .*Nothing was lost\.\n/)
        })
      }
    },
  },
  {
    id: 'DRN-151',
    title: 'MUST take a second signal for the hard deadline, exit with 1, and leave a third one to Node',
    run: async (rig) => {
      const reached = gate()
      const stuck: CallHandler = ({ exchange }) => {
        void exchange.signal
        reached.open()
        return new Promise(() => {})
      }
      await serve(rig, stuck, { timeout: 600_000 }, async ({ app, emit, exited, log }) => {
        const asked = app.ask().catch(() => {})
        await reached.opened
        const before = process.listenerCount('SIGTERM')
        emit('SIGTERM')
        emit('SIGINT')
        assert.equal(await exited, 1)
        assert.equal(process.listenerCount('SIGTERM'), before - 1)
        assert.match(log.join('\n'), /NOT clean: 1 exchange cut/)
        await asked
      })
    },
  },
  {
    id: 'DRN-152',
    title: 'MUST print an uncaught error, drain with a short deadline, also one that is under way, and exit with 1',
    run: async (rig) => {
      for (const isUnderWay of [false, true]) {
        const reached = gate()
        const stuck: CallHandler = ({ exchange }) => {
          void exchange.signal
          reached.open()
          return new Promise(() => {})
        }
        const options = { crashTimeout: 20, timeout: 600_000, readinessDelay: isUnderWay ? 0 : 600_000 }
        await serve(rig, stuck, options, async ({ app, emit, exited, log }) => {
          const asked = app.ask().catch(() => {})
          await reached.opened
          if (isUnderWay) emit('SIGTERM')
          emit('uncaughtException', new Error('out of luck'), 'unhandledRejection')
          assert.equal(await exited, 1)
          assert.match(String(log[0]), /^unhandledRejection: Error: out of luck\n\s+at /)
          assert.match(String(log[1]), /1 exchange cut/)
          await asked
        })
      }
    },
  },
  {
    id: 'DRN-153',
    title: 'MUST not wait for `onDrained` beyond its time or a second signal, exit with 1 if it fails, and take its listeners off when told to',
    run: async (rig) => {
      for (const onDrained of [() => new Promise(() => {}), () => Promise.reject(new Error('no pool'))]) {
        await serve(rig, hello, { closeTimeout: 20, onDrained }, async ({ emit, exited, log }) => {
          emit('SIGTERM')
          assert.equal(await exited, 1)
          assert.match(String(log[1]), /^shutdown: What was to be closed|^onDrained: Error: no pool/)
        })
      }
      const closing = gate()
      const hanging = () => {
        closing.open()
        return new Promise(() => {})
      }
      await serve(rig, hello, { closeTimeout: 600_000, onDrained: hanging }, async ({ emit, exited }) => {
        emit('SIGTERM')
        await closing.opened
        emit('SIGTERM')
        assert.equal(await exited, 1)
      })
      const before = ['SIGTERM', 'SIGUSR2', 'uncaughtException'].map((event) => process.listenerCount(event))
      await serve(rig, hello, { signals: ['SIGUSR2'] }, async ({ app, dispose }) => {
        assert.deepEqual(['SIGTERM', 'SIGUSR2', 'uncaughtException'].map((event) => process.listenerCount(event)), before.map((count, index) => count + Math.sign(index)))
        dispose()
        assert.equal(app.lifecycle.ready, true)
        assert.deepEqual(['SIGTERM', 'SIGUSR2', 'uncaughtException'].map((event) => process.listenerCount(event)), before)
      })
    },
  },
  {
    id: 'DRN-154',
    title: 'MUST refuse wrong options of a shutdown at the call, and listen to nothing then',
    run: async (rig) => {
      await rig.serve(hello, async (app) => {
        const before = process.listenerCount('SIGTERM')
        const wrong: [object, string][] = [
          [{ timeout: -1 }, 'ERR_LIFECYCLE_INVALID_OPTION'],
          [{ signals: 'SIGTERM' }, 'ERR_LIFECYCLE_INVALID_OPTION'],
          [{ crashTimeout: 0 }, 'ERR_LIFECYCLE_INVALID_OPTION'],
          [{ grace: 1 }, 'ERR_LIFECYCLE_UNKNOWN_OPTION'],
        ]
        for (const [options, code] of wrong) {
          assert.throws(() => gracefulShutdown(app.lifecycle as never, app.server, options as never), { code })
        }
        assert.equal(process.listenerCount('SIGTERM'), before)
        assert.equal(app.lifecycle.state, 'accepting')
      })
    },
  },
]
