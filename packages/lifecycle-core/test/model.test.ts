import fc from 'fast-check'
import { afterEach, beforeEach, describe, it, vi } from 'vitest'
import type { AbortReason } from '../src/binding.js'
import type { TaskPlan } from './model.js'
import { ModelRun } from './model-run.js'

const numRuns = Number(process.env['AFTERWORD_MODEL_RUNS'] ?? 10_000)

// The drain's deadlines come on command. Nothing else in the library uses these.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const pick = fc.nat({ max: 11 })
const reasons: AbortReason[] = ['client', 'server', 'timeout', 'parse-error', 'deadline', 'detached']

const { plan } = fc.letrec<{ plan: TaskPlan }>((tie) => ({
  plan: fc.record({
    work: fc.constantFrom('returns', 'throws', 'waits', 'promise'),
    when: fc.oneof(
      { weight: 2, arbitrary: fc.constant('always' as const) },
      { weight: 1, arbitrary: fc.constantFrom('finished', 'aborted', 'success', 'yes', 'no', 'throws') },
    ),
    timed: fc.boolean(),
    key: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 2) }),
    nested: fc.oneof({ maxDepth: 3 }, { weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(tie('plan'), { maxLength: 2 }) }),
  }),
}))

type Step = (run: ModelRun) => unknown

/** A step with a name, so that a failing run can be read. */
function step<A>(name: string, argument: fc.Arbitrary<A>, take: (run: ModelRun, argument: A) => unknown): fc.Arbitrary<Step> {
  return argument.map((given) => Object.assign((run: ModelRun) => take(run, given), {
    [fc.toStringMethod]: () => `${name}(${fc.stringify(given)})`,
  }))
}

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: step('turn', fc.constant(null), (run) => run.turn()) },
    { weight: 2, arbitrary: step('begin', fc.boolean(), (run, reads) => run.begin(reads)) },
    { weight: 2, arbitrary: step('handle', pick, (run, n) => run.handle(n)) },
    { weight: 2, arbitrary: step('commit', fc.tuple(pick, fc.constantFrom(200, 404, 500)), (run, [n, status]) => run.commit(n, status)) },
    { weight: 3, arbitrary: step('finish', pick, (run, n) => run.finish(n)) },
    { weight: 2, arbitrary: step('abort', fc.tuple(pick, fc.constantFrom(...reasons)), (run, [n, reason]) => run.abort(n, reason)) },
    { weight: 2, arbitrary: step('onCommit', fc.tuple(pick, fc.boolean()), (run, [n, throws]) => run.onCommit(n, throws)) },
    { weight: 7, arbitrary: step('after', fc.tuple(pick, plan), (run, [n, given]) => run.after(n, given)) },
    { weight: 4, arbitrary: step('settle', fc.tuple(pick, fc.boolean()), (run, [n, rejects]) => run.settle(n, rejects)) },
    { weight: 2, arbitrary: step('cancel', pick, (run, n) => run.cancel(n)) },
    { weight: 1, arbitrary: step('expire', fc.constant(null), (run) => run.expire()) },
    { weight: 1, arbitrary: step('drain', fc.nat({ max: 2 }), (run, hosts) => run.drainModel.start(hosts)) },
    { weight: 2, arbitrary: step('advance', fc.constantFrom(1, 1, 2, 5), (run, times) => run.drainModel.advance(times)) },
    { weight: 1, arbitrary: step('closeHost', pick, (run, n) => run.drainModel.closeHost(n)) },
  ),
  { maxLength: 30, size: 'max' },
)

const options = fc.boolean().chain((context) => fc.record({
  context: fc.constant(context),
  concurrency: fc.constantFrom(1, 2, 1000),
  maxQueued: fc.constantFrom(1, 3, 100_000),
  overflow: fc.constantFrom('refuse', 'drop-oldest', 'inline'),
  // Without the context the depth is that of the deepest task that runs, which this reference does not know.
  maxDepth: context ? fc.constantFrom(1, 2, 32) : fc.constant(1000),
}))

describe('the library and a tiny reference', () => {
  it(`agree in ${numRuns} random runs`, async () => {
    await fc.assert(
      fc.asyncProperty(options, steps, async (given, taken) => {
        const run = new ModelRun(given)
        try {
          for (const take of taken) await run.step(() => take(run))
          await run.conclude()
        } finally {
          run.stop()
        }
      }),
      { numRuns },
    )
  }, 120_000)
})
