import type { IncomingMessage } from 'node:http'
import { after, type Exchange, type LifecycleOptions, onCommit } from '@afterword/lifecycle-core'
import { burn, burnTasks, count, countLater } from '../work.js'

/** One way of using the library: how it is made, and what the handler of every request does with it. */
export interface Use {
  readonly options: LifecycleOptions
  readonly act?: (exchange: Exchange, req: IncomingMessage) => void
}

const explicit: LifecycleOptions = { context: false }

function schedule(amount: number, task: () => unknown): Use {
  return {
    options: explicit,
    act: (exchange) => {
      for (let index = 0; index < amount; index++) exchange.after(task)
    },
  }
}

/** Every use that is measured, by scenario. A feature that comes later gets its line here and one in `scenario.ts`. */
export const uses: Readonly<Record<string, Use>> = {
  idle: { options: explicit },
  'idle-untimed': { options: { context: false, timings: false } },
  'idle-ambient': { options: {} },
  guard: { options: { context: false, guard: true, callSites: false } },
  'guard-call-sites': { options: { context: false, guard: true, callSites: true } },
  'on-commit': {
    options: explicit,
    act: (exchange) =>
      exchange.onCommit((head) => {
        count()
        head.setHeader('x-bench', '1')
      }),
  },
  'before-commit': {
    options: explicit,
    act: (exchange) =>
      exchange.beforeCommit(async (head) => {
        count()
        head.setHeader('x-bench', '1')
      }),
  },
  'before-commit-sync': {
    options: explicit,
    act: (exchange) =>
      exchange.beforeCommit((head) => {
        count()
        head.setHeader('x-bench', '1')
      }),
  },
  payload: { options: explicit, act: (exchange) => exchange.onPayload(count) },
  body: { options: { context: false, captureBody: {} } },
  outcome: { options: { context: false, onOutcome: count } },
  'after-1': schedule(1, count),
  'after-1-async': schedule(1, countLater),
  'after-10': schedule(10, count),
  'after-10-async': schedule(10, countLater),
  'after-100': schedule(100, count),
  'after-100-async': schedule(100, countLater),
  'after-1000': schedule(1000, count),
  'after-1000-async': schedule(1000, countLater),
  'ambient-after-1': { options: {}, act: () => void after(count) },
  'ambient-on-commit': {
    options: {},
    act: () =>
      onCommit((head) => {
        count()
        head.setHeader('x-bench', '1')
      }),
  },
  fair: {
    options: explicit,
    act: (exchange, { url }) => {
      if (url === '/work') for (let index = 0; index < burnTasks; index++) exchange.after(burn)
    },
  },
}
