import assert from 'node:assert/strict'
import type { Fault, Phase } from '@afterword/lifecycle-core'
import { type Attempt, type CountedApp, type Place, serveCounted, settled, type Setup } from '../landing.js'
import { gate } from '../latch.js'
import { openReader } from '../reader.js'
import type { Rig } from '../rig.js'
import type { Rule } from '../rule.js'

const needs = ['counted-faults', 'error-page'] as const
const failure = new Error('it went wrong')

function fail(): never {
  throw failure
}

/** One way for a handler to fail: how it does, and what the client does meanwhile. */
interface Way {
  readonly handler: (attempt: Attempt, left: Promise<unknown>) => unknown
  readonly leaves?: true
  /** Where the exchange is when the error arrives; behind the end that depends on the server. */
  readonly phase: readonly Phase[]
}

function ended({ exchange }: Attempt): Promise<unknown> {
  return new Promise((resolve) => exchange.after(resolve))
}

const before: readonly Way[] = [
  { handler: fail, phase: ['handling'] },
  { handler: () => Promise.reject(failure), phase: ['handling'] },
]
const committed: readonly Way[] = [
  { handler: (attempt) => (void attempt.begin(), fail()), phase: ['committed'] },
  { handler: (attempt) => attempt.begin().then(fail), phase: ['committed'] },
]
const late: readonly Way[] = [
  { handler: (attempt) => (attempt.reply(), fail()), phase: ['committed', 'finished', 'drained'] },
  {
    async handler(attempt) {
      const over = ended(attempt)
      attempt.reply()
      await over
      fail()
    },
    phase: ['drained'],
  },
]
const left: readonly Way[] = [
  { handler: (_attempt, gone) => gone.then(fail), leaves: true, phase: ['drained'] },
  { handler: (attempt, gone) => attempt.begin().then(() => gone).then(fail), leaves: true, phase: ['drained'] },
]

/** What Express can be told of errors by; the other servers know one way. */
function setupsOf(rig: Rig): readonly Setup[] {
  return rig.framework === 'express' ? ['errorMiddleware', 'faultsTo', 'faultsTo, passed on', 'faultsTo, guarded'] : ['as it is']
}

/** Where an error comes down that is too late to be answered. */
function lateIn(setup: Setup): Place {
  return setup === 'faultsTo' || setup === 'faultsTo, guarded' ? 'error handler' : 'sink'
}

async function leaves(rig: Rig, app: CountedApp, reached: Promise<unknown>): Promise<void> {
  const reader = openReader(rig, app.port)
  await reached
  reader.leave()
  await app.outcome()
}

/** Fails in one way, and checks that the error came down in one place. */
async function falls(rig: Rig, { handler, leaves: isLeft = undefined, phase }: Way, place: Place, setup: Setup): Promise<void> {
  const reached = gate()
  const gone = gate()
  let fault: Fault | undefined
  await serveCounted(
    rig,
    (attempt) => {
      reached.open()
      return handler(attempt, gone.opened)
    },
    async (app) => {
      if (isLeft === true) {
        await leaves(rig, app, reached.opened)
        await settled(app)
        gone.open()
      } else await app.ask().catch(() => {})
      await app.landings.nth(1)
      await settled(app)
      assert.deepEqual(app.landings.items, [{ place, error: failure }], `${setup}, ${phase}: ${handler}`)
      fault = app.faults[0]?.fault
    },
    { setup },
  )
  // What was passed on arrives later than it was thrown.
  if (fault !== undefined && setup !== 'faultsTo, passed on') assert(phase.includes(fault.phase), fault.phase)
}

/** Each origin of an error, in each state, comes down in one place: no more, and no less. */
export const faultRoutingRules: readonly Rule[] = [
  {
    id: 'FLT-101',
    title: 'MUST let what a handler throws before the head come down in one place: the error handler, or the sink where there is none',
    needs,
    run: async (rig) => {
      const place = rig.answersFaults === true ? 'sink' : 'error handler'
      for (const setup of setupsOf(rig)) for (const way of before) await falls(rig, way, place, setup)
    },
  },
  {
    id: 'FLT-102',
    title: 'MUST let what a handler throws after the head and before the end come down in the sink, or where it was asked for',
    needs,
    run: async (rig) => {
      for (const setup of setupsOf(rig)) for (const way of committed) await falls(rig, way, lateIn(setup), setup)
    },
  },
  {
    id: 'FLT-103',
    title: 'MUST let what a handler throws behind or after the end come down in the sink, or where it was asked for',
    needs,
    run: async (rig) => {
      for (const setup of setupsOf(rig)) for (const way of late) await falls(rig, way, lateIn(setup), setup)
    },
  },
  {
    id: 'FLT-104',
    title: 'MUST let what a handler throws after its client has left come down in the sink, or where it was asked for',
    needs,
    run: async (rig) => {
      for (const setup of setupsOf(rig)) for (const way of left) await falls(rig, way, lateIn(setup), setup)
    },
  },
  {
    id: 'FLT-105',
    title: 'MUST let what commit listeners and subscribers throw come down in the sink, and nowhere else',
    run: async (rig) => {
      for (const setup of setupsOf(rig)) {
        await serveCounted(
          rig,
          ({ exchange, reply }) => {
            exchange.onCommit(fail)
            reply()
          },
          async (app) => {
            assert.equal((await app.ask()).status, 200)
            await settled(app)
            assert.deepEqual(app.landings.items, [{ place: 'sink', error: failure }, { place: 'sink', error: failure }])
            assert.deepEqual(app.faults.map(({ fault }) => `${fault.source} ${fault.phase}`), ['commit-listener handling', 'subscriber finished'])
          },
          { setup, onOutcome: fail },
        )
      }
    },
  },
  {
    id: 'FLT-106',
    title: 'MUST let what a task throws or rejects with come down in one place, nested or not, and run the others',
    run: async (rig) => {
      const tasks: ((attempt: Attempt) => void)[] = [
        ({ exchange }) => void exchange.after(fail),
        ({ exchange }) => void exchange.after(() => Promise.reject(failure)),
        ({ exchange }) => void exchange.after(() => exchange.after(fail)),
        ({ exchange }) => void exchange.after(() => {}, { when: fail }),
        ({ exchange }) => void exchange.after(new Promise((_resolve, reject) => exchange.after(() => reject(failure)))),
      ]
      for (const setup of setupsOf(rig)) {
        for (const task of tasks) {
          let ran = 0
          await serveCounted(
            rig,
            (attempt) => {
              task(attempt)
              attempt.exchange.after(() => ran++)
              attempt.reply()
            },
            async (app) => {
              assert.equal((await app.ask()).status, 200)
              await app.landings.nth(1)
              await settled(app)
              assert.deepEqual(app.landings.items, [{ place: lateIn(setup), error: failure }], `${setup}: ${task}`)
              assert.equal(ran, 1)
              for (const { fault } of app.faults) assert.equal(fault.source, 'task')
            },
            { setup },
          )
        }
      }
    },
  },
  {
    id: 'FLT-107',
    title: 'MUST let the error of a promise that is a task come down in the sink while the response is not over, and leave that alone',
    run: async (rig) => {
      for (const setup of setupsOf(rig)) {
        await serveCounted(
          rig,
          async (attempt) => {
            await attempt.begin()
            const work = attempt.exchange.after(Promise.reject(failure))
            await work.done
            attempt.res.end('the end')
          },
          async (app) => {
            assert.equal((await app.ask()).body, 'the beginningthe end')
            await settled(app)
            assert.deepEqual(app.landings.items, [{ place: 'sink', error: failure }])
          },
          { setup },
        )
      }
    },
  },
  {
    id: 'FLT-108',
    title: 'MUST truncate the response of a handler that throws after the head, on every server, however Express is told',
    needs,
    run: async (rig) => {
      for (const setup of setupsOf(rig)) {
        await serveCounted(
          rig,
          (attempt) => attempt.begin().then(fail),
          async (app) => {
            const reader = openReader(rig, app.port)
            await reader.answered
            await assert.rejects(reader.resume())
            const { kind, reason, position, status, error } = await app.outcome()
            assert.deepEqual({ kind, reason, position, status, error }, { kind: 'aborted', reason: 'server', position: 'mid-response', status: 200, error: failure })
            reader.leave()
          },
          { setup },
        )
      }
    },
  },
]
