import type { ResponseHead } from './binding.js'
import type { CaptureOptions } from './capture.js'
import type { CommitHook, PayloadHook } from './hooks.js'
import type { Outcome } from './outcome.js'
import type { Phase } from './phase.js'
import type { PromiseOptions, TaskFunction, TaskHandle, TaskOptions } from './task.js'

/** Sees the head just before it is written, and may change it. Synchronous. */
export type CommitListener = (head: ResponseHead, exchange: Exchange) => void

/** One request and its response. */
export interface Exchange {
  /** Unique among all processes of a deployment, for practical purposes. */
  readonly id: string
  /** Where it is. */
  readonly phase: Phase
  /** The method of the request. */
  readonly method: string
  /** As the client sent it. */
  readonly url: string
  /** The route pattern, once the framework has told it. */
  readonly route: string | null
  /** How it ended, or `undefined` until it has, and as long as the commit of a transaction has not settled. */
  readonly outcome: Outcome | undefined
  /**
   * Aborts when the exchange is aborted, and at the soft deadline of a drain; never because the request body was read,
   * and never after the exchange has finished. `signal.reason.code` says why. Created on first read.
   */
  readonly signal: AbortSignal
  /** The same as the free function `after`, for this exchange. */
  after(task: TaskFunction | PromiseLike<unknown>, options?: TaskOptions): TaskHandle
  /** The same as the free function `waitUntil`, for this exchange. */
  waitUntil(promise: PromiseLike<unknown>, options?: PromiseOptions): TaskHandle
  /** The same as the free function `onCommit`, for this exchange. */
  onCommit(listener: CommitListener): void
  /** The same as the free function `beforeCommit`, for this exchange. */
  beforeCommit(hook: CommitHook): void
  /** The same as the free function `onPayload`, for this exchange. */
  onPayload(hook: PayloadHook): void
  /** The same as the free function `captureBody`, for this exchange. */
  captureBody(options?: CaptureOptions): void
}
