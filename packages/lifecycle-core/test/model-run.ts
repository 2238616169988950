import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { AbortReason, ResponseHead } from '../src/binding.js'
import { channelNames } from '../src/channels.js'
import { after } from '../src/context.js'
import type { ServerExchange } from '../src/exchange.js'
import type { TaskHandle, TaskOptions } from '../src/task.js'
import { TestLifecycle } from './fake-binding.js'
import { ExchangeModel, TaskModel, type TaskPlan } from './model.js'
import { DrainModel } from './model-drain.js'
import { defer, flush, turns, type Deferred } from './turn.js'

export interface RunOptions {
  readonly context: boolean
  readonly concurrency: number
  readonly maxDepth: number
}

/** An exchange and its reference. */
export interface Pair {
  readonly exchange: ServerExchange
  readonly model: ExchangeModel
  readonly signal: AbortSignal | undefined
}

/** A task and its reference. */
export interface Scheduled {
  readonly model: TaskModel
  readonly handle: TaskHandle
}

const phases = ['received', 'handling', 'committed', 'ended', 'drained']
const rank = (phase: string): number => phases.indexOf(phase === 'finished' || phase === 'aborted' ? 'ended' : phase)

/** One run: the library and the reference side by side, and what must hold between them at any instant. */
export class ModelRun {
  readonly pairs: Pair[] = []
  readonly scheduled: Scheduled[] = []
  readonly waiting: { task: TaskModel; gate: Deferred }[] = []
  readonly lifecycle: TestLifecycle
  readonly drainModel: DrainModel
  private readonly options: RunOptions
  private readonly order = new Map<ExchangeModel, { rank: number; kind: string | undefined }>()
  private running = 0
  private listenerFaults = 0
  private readonly violations: unknown[] = []
  private readonly onDrained = (message: unknown): void => {
    const pair = this.pairs.find(({ exchange }) => exchange === (message as { exchange: ServerExchange }).exchange)
    // Exchanges of other runs publish on the same channel.
    if (pair === undefined) return
    const { model } = pair
    model.drained++
    this.guard(() => {
      assert.equal(model.told, 1, 'drained before its end was told')
      assert(!model.tasks.some((task) => this.isUnsettled(task)), 'drained too early')
    })
  }

  constructor(options: RunOptions) {
    this.options = options
    this.lifecycle = new TestLifecycle({
      ...options,
      taskTimeout: Infinity,
      onOutcome: (outcome, exchange) => {
        const { model } = this.pairs.find((pair) => pair.exchange === exchange) as Pair
        model.told++
        this.guard(() => {
          assert.equal(outcome, exchange.outcome)
          assert.deepEqual([outcome.kind, outcome.reason, outcome.status], [model.kind, model.reason, model.status])
          this.check()
        })
      },
      onRefused: () => this.guard(() => this.check()),
    })
    this.drainModel = new DrainModel(this)
    subscribe(channelNames.exchangeDrained, this.onDrained)
    this.begin(true)
  }

  begin(reads: boolean): void {
    const exchange = this.lifecycle.take()
    this.pairs.push({ exchange, model: new ExchangeModel(), signal: reads ? exchange.signal : undefined })
  }

  pair(pick: number): Pair {
    return this.pairs[pick % this.pairs.length] as Pair
  }

  // Signals.

  handle(pick: number): void {
    const { exchange, model } = this.pair(pick)
    model.handle()
    exchange.run(() => {})
  }

  commit(pick: number, status: number): void {
    const { exchange, model } = this.pair(pick)
    model.commit(status)
    if (exchange.awaitsHead) exchange.tellHead({} as ResponseHead)
    exchange.commit(status)
  }

  finish(pick: number): void {
    const { exchange, model } = this.pair(pick)
    model.end('finished', null)
    exchange.finish()
  }

  abort(pick: number, reason: AbortReason): void {
    const { exchange, model } = this.pair(pick)
    model.end('aborted', reason)
    exchange.abort(reason)
  }

  onCommit(pick: number, throws: boolean): void {
    const { exchange, model } = this.pair(pick)
    const register = (): void => exchange.onCommit(() => {
      model.heard--
      if (throws) {
        this.listenerFaults++
        throw new Error('listener')
      }
    })
    if (model.phase === 'received' || model.phase === 'handling') {
      model.listeners++
      register()
    } else assert.throws(register, { code: 'ERR_LIFECYCLE_COMMITTED' })
  }

  // Tasks.

  after(pick: number, plan: TaskPlan, depth = 1): void {
    this.schedule(this.pair(pick), plan, depth)
  }

  private schedule(pair: Pair, plan: TaskPlan, depth: number): void {
    const { exchange, model } = pair
    const task = new TaskModel(this.scheduled.length, plan, model, this.drainModel.sealed || depth > this.options.maxDepth)
    model.tasks.push(task)
    const options: TaskOptions = { name: String(task.number), ...(plan.timed ? { timeout: 3_600_000 } : {}) }
    if (plan.work === 'promise') {
      // It runs already: nothing narrows it.
    } else if (plan.when === 'yes' || plan.when === 'no' || plan.when === 'throws') {
      options.when = () => {
        if (plan.when === 'throws') throw new Error('when')
        return plan.when === 'yes'
      }
    } else if (plan.when !== 'always') options.when = plan.when
    const work = plan.work === 'promise' ? this.gateOf(task) : () => this.run(pair, task, depth)
    const slot = this.scheduled.push(undefined as never) - 1
    const ambient = this.options.context && task.number % 2 === 0
    const handle = ambient && depth === 1 ? exchange.run(() => after(work, options)) : exchange.after(work, options)
    if (ambient && depth === 1) model.handle()
    this.scheduled[slot] = { model: task, handle }
    this.check()
  }

  private gateOf(task: TaskModel): Promise<void> {
    const gate = defer()
    this.waiting.push({ task, gate })
    return gate.promise
  }

  private run(pair: Pair, task: TaskModel, depth: number): unknown {
    this.guard(() => {
      assert(!task.started, 'started twice')
      assert(!task.dropped, 'started although it was cancelled')
      assert(task.wanted, 'started although its `when` does not hold')
      assert.equal(pair.model.told, 1)
      task.started = true
      pair.model.starts.push(task.number)
      this.running++
      assert(this.running <= this.options.concurrency, 'too many at a time')
      this.check()
    })
    const nest = (): void => {
      for (const plan of task.plan.nested) this.schedule(pair, plan, depth + 1)
    }
    if (task.plan.work === 'waits') return this.gateOf(task).finally(nest)
    nest()
    this.running--
    task.settled = task.plan.work === 'throws' ? 'rejected' : 'fulfilled'
    if (task.plan.work === 'throws') throw new Error('task')
    return undefined
  }

  settle(pick: number, rejects: boolean): void {
    const [waiting] = this.waiting.splice(pick % (this.waiting.length || 1), 1)
    if (waiting === undefined) return
    const { task, gate } = waiting
    if (task.plan.work === 'waits' && task.overtaken === undefined) this.running--
    task.settled = rejects ? 'rejected' : 'fulfilled'
    if (rejects) gate.reject(new Error('task'))
    else gate.resolve()
  }

  cancel(pick: number): void {
    const scheduled = this.scheduled[pick % (this.scheduled.length || 1)]
    if (scheduled === undefined) return
    const { model, handle } = scheduled
    if (model.started && model.unsettled && model.overtaken === undefined) {
      model.overtaken = 'cancelled'
      if (model.plan.work === 'waits') this.running--
    } else if (this.isUnsettled(model) && !model.started) model.dropped = true
    handle.cancel()
    if (model.dropped || model.overtaken === 'cancelled') assert.equal(handle.state, 'cancelled')
  }

  /** Everything that may time out does, if it runs. */
  expire(): void {
    for (const { model } of this.scheduled) {
      const clockRuns = model.plan.work !== 'promise' || model.exchange.told === 1
      if (!model.plan.timed || !model.started || !model.unsettled || model.overtaken !== undefined || !clockRuns) continue
      model.overtaken = 'timed-out'
      if (model.plan.work === 'waits') this.running--
    }
    this.lifecycle.scheduler.expire(performance.now() + 3_600_001)
  }

  /** Not settled as far as the reference can tell: what was not wanted settles without having started. */
  isUnsettled(task: TaskModel): boolean {
    const state = this.scheduled[task.number]?.handle.state
    const skipped = !task.started && task.exchange.told > 0 && (!task.wanted || task.plan.when === 'throws') && state !== 'queued'
    return task.unsettled && !skipped
  }

  // What must hold.

  /** After every step, and wherever the library calls back. */
  check(): void {
    const { counts, unsettled } = this.lifecycle.scheduler
    const { scheduled, completed, failed, cancelled, refused } = counts
    assert.equal(completed + failed + counts['timed-out'] + cancelled + refused + unsettled.size, scheduled)
    for (const { exchange, model } of this.pairs) {
      const before = this.order.get(model)
      const now = { rank: rank(exchange.phase), kind: exchange.outcome?.kind }
      if (before !== undefined) {
        assert(now.rank >= before.rank, 'the phase went back')
        if (before.kind !== undefined) assert.equal(now.kind, before.kind)
      }
      this.order.set(model, now)
      assert(model.told <= 1, 'ended twice')
      assert.equal(model.drained, exchange.phase === 'drained' ? 1 : 0)
    }
  }

  /** The library contains what is thrown inside of it, so a violation that is seen there is kept for the step. */
  guard(assertion: () => void): void {
    try {
      assertion()
    } catch (error) {
      this.violations.push(error)
    }
  }

  async step(take: () => unknown): Promise<void> {
    await take()
    await flush()
    if (this.violations.length > 0) throw this.violations[0]
    this.check()
    for (const { exchange, model } of this.pairs) if (exchange.phase !== 'drained') assert.equal(exchange.phase, model.phase)
  }

  turn(): Promise<void> {
    return turns(1)
  }

  stop(): void {
    unsubscribe(channelNames.exchangeDrained, this.onDrained)
  }

  /** Ends and settles everything, and compares what came of it with the reference. */
  async conclude(): Promise<void> {
    for (let index = 0; index < this.pairs.length; index++) await this.step(() => this.finish(index))
    await this.step(() => this.drainModel.closeHosts())
    while (!this.lifecycle.isIdle) {
      await this.step(() => this.turn())
      while (this.waiting.length > 0) await this.step(() => this.settle(0, false))
    }
    while (this.waiting.length > 0) await this.step(() => this.settle(0, false))
    await turns(3)
    this.compare()
  }

  private compare(): void {
    for (const { exchange, model, signal } of this.pairs) {
      assert.equal(exchange.phase, 'drained')
      assert.equal(model.told, 1)
      assert.equal(model.heard, 0)
      assert.deepEqual(model.starts, model.starts.toSorted((a, b) => a - b))
      if (model.kind === 'aborted') assert(exchange.signal.aborted)
      else if (!this.drainModel.hurried) assert(!exchange.signal.aborted)
      if (signal !== undefined) assert.equal(exchange.signal, signal)
    }
    for (const { model, handle } of this.scheduled) {
      assert.equal(handle.state, model.finalState, `task ${model.number}`)
      if (!model.refused && !model.dropped && model.plan.when !== 'throws') assert.equal(model.started, model.wanted)
    }
    const expected = this.scheduled.reduce((sum, { model }) => sum + model.faults, this.listenerFaults)
    assert.equal(this.lifecycle.faults.length, expected)
    assert.equal(this.lifecycle.unended, 0)
    this.drainModel.compare()
  }
}
