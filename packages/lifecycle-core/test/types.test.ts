import { describe, expect, expectTypeOf, it } from 'vitest'
import * as index from '../src/index.js'
import type {
  AbortPosition, AbortReason, CapturedBody, CaptureOptions, CommitHook, CommitListener, DrainReport, ErrorCode, Exchange, Fault, HeaderFields, HookContext, LifecycleError,
  LifecycleOptions, Outcome, PayloadHook, Phase, PromiseOptions, ResponseHead, TaskContext, TaskFunction, TaskHandle, TaskOptions, TaskState, Transaction, TransactionFate,
} from '../src/index.js'

// Checked by `pnpm typecheck`: these expectations hold or do not compile.

describe('the public names', () => {
  it('are these', () => {
    const names = [
      'LifecycleError', 'after', 'beforeCommit', 'captureBody', 'channelNames', 'current', 'errorCodes', 'formatDrainReport', 'onCommit', 'onPayload',
      'tickMs', 'transaction', 'waitUntil',
    ]
    expect(Object.keys(index).toSorted()).toEqual(names)
  })
})

function wrongCalls(): void {
  // @ts-expect-error neither a function nor a promise
  index.after('mail')
  // @ts-expect-error no such condition
  index.after(() => {}, { when: 'failed' })
  // @ts-expect-error a promise runs already, so it has no key
  index.waitUntil(Promise.resolve(), { key: 1 })
  // @ts-expect-error a function is no promise
  index.waitUntil(() => {})
  // @ts-expect-error no such member of a head
  index.onCommit((head) => head.setField('a', 'b'))
  // @ts-expect-error no such option
  index.captureBody({ size: 1 })
}

describe('types', () => {
  it('of the free functions', () => {
    expectTypeOf(index.after).parameters.toEqualTypeOf<[TaskFunction | PromiseLike<unknown>, (TaskOptions | undefined)?]>()
    expectTypeOf(index.waitUntil).parameters.toEqualTypeOf<[PromiseLike<unknown>, (PromiseOptions | undefined)?]>()
    expectTypeOf(index.after).returns.toEqualTypeOf<TaskHandle>()
    expectTypeOf(index.onCommit).parameters.toEqualTypeOf<[listener: CommitListener]>()
    expectTypeOf(index.onCommit).returns.toBeVoid()
    expectTypeOf(index.beforeCommit).parameters.toEqualTypeOf<[hook: CommitHook]>()
    expectTypeOf(index.beforeCommit).returns.toBeVoid()
    expectTypeOf(index.onPayload).parameters.toEqualTypeOf<[hook: PayloadHook]>()
    expectTypeOf(index.onPayload).returns.toBeVoid()
    expectTypeOf(index.captureBody).parameters.toEqualTypeOf<[(CaptureOptions | undefined)?]>()
    expectTypeOf(index.captureBody).returns.toBeVoid()
    expectTypeOf(index.waitUntil).returns.toEqualTypeOf<TaskHandle>()
    expectTypeOf(index.current).returns.toEqualTypeOf<Exchange | undefined>()
    expectTypeOf(index.formatDrainReport).parameter(0).toEqualTypeOf<DrainReport>()
    expectTypeOf(index.formatDrainReport).returns.toBeString()
  })

  it('of the free functions: those of an exchange, with the same parameters', () => {
    type Free = Pick<typeof index, 'after' | 'waitUntil' | 'onCommit' | 'beforeCommit' | 'onPayload' | 'captureBody'>
    expectTypeOf<Free>().toEqualTypeOf<Pick<Exchange, keyof Free>>()
  })

  it('of wrong calls, which do not compile', () => {
    expect(wrongCalls).toThrow(expect.objectContaining({ code: 'ERR_LIFECYCLE_NO_EXCHANGE' }))
  })

  it('of hooks: each gets what it needs without a cast', () => {
    expectTypeOf<CommitHook>().parameters.toEqualTypeOf<[head: ResponseHead, exchange: Exchange, context: HookContext]>()
    expectTypeOf<HookContext['signal']>().toEqualTypeOf<AbortSignal>()
    expectTypeOf<PayloadHook>().parameters.toEqualTypeOf<[payload: unknown, head: ResponseHead, exchange: Exchange]>()
    expectTypeOf<Outcome['body']>().toEqualTypeOf<CapturedBody | null>()
  })

  it('of a transaction: that of its connection', () => {
    interface Client {
      query(text: string): Promise<number>
    }
    const tx = index.transaction({
      begin: async (): Promise<Client> => ({ query: async () => 1 }),
      commit: (client) => client.query('commit'),
      rollback: (client, { inUse }) => expectTypeOf(inUse).toBeBoolean() && client.query('rollback'),
    })
    expectTypeOf(tx).toEqualTypeOf<Transaction<Client>>()
    expectTypeOf(tx).returns.toEqualTypeOf<Promise<Client>>()
    expectTypeOf(tx.run<number>).parameters.toEqualTypeOf<[(connection: Client) => number | PromiseLike<number>, (Exchange | undefined)?]>()
    expectTypeOf(tx.run<number>).returns.toEqualTypeOf<Promise<number>>()
    expectTypeOf<Outcome['transaction']>().toEqualTypeOf<TransactionFate | null>()
  })

  it('of an exchange: read-only, the outcome is there only after the end', () => {
    type Facts = Omit<Exchange, 'after' | 'waitUntil' | 'onCommit' | 'beforeCommit' | 'onPayload' | 'captureBody'>
    expectTypeOf<Facts>().toEqualTypeOf<Readonly<Facts>>()
    expectTypeOf<Exchange['outcome']>().toEqualTypeOf<Outcome | undefined>()
    expectTypeOf<Exchange['phase']>().toEqualTypeOf<Phase>()
    expectTypeOf<Exchange['signal']>().toEqualTypeOf<AbortSignal>()
    expectTypeOf<Exchange['after']>().returns.toEqualTypeOf<TaskHandle>()
  })

  it('of an outcome: read-only, and nothing is invented', () => {
    expectTypeOf<Outcome>().toEqualTypeOf<Readonly<Outcome>>()
    expectTypeOf<Outcome['kind']>().toEqualTypeOf<'finished' | 'aborted'>()
    expectTypeOf<Outcome['reason']>().toEqualTypeOf<AbortReason | null>()
    expectTypeOf<Outcome['position']>().toEqualTypeOf<AbortPosition | null>()
    expectTypeOf<Outcome['status']>().toEqualTypeOf<number | null>()
    expectTypeOf<Outcome['bytes']>().toEqualTypeOf<number | null>()
    expectTypeOf<Outcome['headers']>().toEqualTypeOf<HeaderFields>()
    expectTypeOf<Outcome['error']>().toBeUnknown()
  })

  it('of a task', () => {
    expectTypeOf<TaskFunction>().parameters.toEqualTypeOf<[outcome: Outcome, context: TaskContext]>()
    expectTypeOf(async () => 'anything').toExtend<TaskFunction>()
    expectTypeOf(({ status }: Outcome) => status).toExtend<TaskFunction>()
    expectTypeOf<TaskHandle['done']>().toEqualTypeOf<Promise<TaskState>>()
    expectTypeOf<{ when: 'success' }>().toExtend<TaskOptions>()
    expectTypeOf<{ when: 'failed' }>().not.toExtend<TaskOptions>()
    expectTypeOf<{ when: () => Promise<boolean> }>().not.toExtend<TaskOptions>()
    expectTypeOf<{ timeout: string }>().not.toExtend<TaskOptions>()
  })

  it('of a commit listener', () => {
    expectTypeOf<CommitListener>().parameters.toEqualTypeOf<[head: ResponseHead, exchange: Exchange]>()
    expectTypeOf<ResponseHead['status']>().toBeNumber()
  })

  it('of options: all optional, none of another type', () => {
    expectTypeOf<object>().toExtend<LifecycleOptions>()
    expectTypeOf<{ taskTimeout: string }>().not.toExtend<LifecycleOptions>()
    expectTypeOf<NonNullable<LifecycleOptions['onError']>>().parameters.toEqualTypeOf<[error: unknown, fault: Fault]>()
    expectTypeOf<NonNullable<LifecycleOptions['onOutcome']>>().parameters.toEqualTypeOf<[outcome: Outcome, exchange: Exchange]>()
  })

  it('of errors and reports', () => {
    expectTypeOf<LifecycleError['code']>().toEqualTypeOf<ErrorCode>()
    expectTypeOf<keyof typeof index.errorCodes>().toEqualTypeOf<ErrorCode>()
    expectTypeOf<DrainReport['suggestedExitCode']>().toEqualTypeOf<0 | 1>()
    expectTypeOf<DrainReport>().toEqualTypeOf<Readonly<DrainReport>>()
  })
})
