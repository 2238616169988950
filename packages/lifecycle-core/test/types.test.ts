import { describe, expect, expectTypeOf, it } from 'vitest'
import * as index from '../src/index.js'
import type {
  AbortPosition, AbortReason, CommitListener, DrainReport, ErrorCode, Exchange, Fault, HeaderFields, LifecycleError, LifecycleOptions, Outcome, Phase, PromiseOptions,
  ResponseHead, TaskContext, TaskFunction, TaskHandle, TaskOptions, TaskState,
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

describe('types', () => {
  it('of the free functions', () => {
    expectTypeOf(index.after).parameters.toEqualTypeOf<[TaskFunction | PromiseLike<unknown>, (TaskOptions | undefined)?]>()
    expectTypeOf(index.waitUntil).parameters.toEqualTypeOf<[PromiseLike<unknown>, (PromiseOptions | undefined)?]>()
    expectTypeOf(index.after).returns.toEqualTypeOf<TaskHandle>()
    expectTypeOf(index.onCommit).parameters.toEqualTypeOf<[listener: CommitListener]>()
    expectTypeOf(index.onCommit).returns.toBeVoid()
    expectTypeOf(index.current).returns.toEqualTypeOf<Exchange | undefined>()
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
