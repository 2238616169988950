import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { AbortReason, ResponseHead } from '../src/binding.js'
import { channelNames } from '../src/channels.js'
import { after } from '../src/context.js'
import type { ServerExchange } from '../src/server-exchange.js'
import type { Overflow } from '../src/options.js'
import type { TaskHandle, TaskOptions } from '../src/task.js'
import { TestLifecycle } from './fake-binding.js'
import { ExchangeModel, TaskModel, type TaskPlan } from './model.js'
import { DrainModel } from './model-drain.js'
import { defer, flush, turns, type Deferred } from './turn.js'

export interface RunOptions {
  readonly context: boolean
  readonly concurrency: number
  readonly maxDepth: number
  readonly maxQueued: number
  readonly overflow: Overflow
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
  private releases = 0
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
      // One that is refused for another is told of after that.
      const isLeft = (task: TaskModel): boolean => this.isUnsettled(task) && this.scheduled[task.number]?.handle.state !== 'refused'
      assert(!model.tasks.some(isLeft), 'drained too early')
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
        for (const task of model.tasks) this.release(task)
        this.guard(() => {
          assert.equal(outcome, exchange.outcome)
          assert.deepEqual([outcome.kind, outcome.reason, outcome.status], [model.kind, model.reason, model.status])
          this.check()
        })
      },
      onRefused: (handle) => {
        this.dropOldest(handle)
        this.guard(() => this.check())
      },
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
    const { maxDepth, maxQueued, overflow } = this.options
    const isFull = plan.work !== 'promise' && this.queued.length >= maxQueued
    const refused = this.drainModel.sealed || depth > maxDepth || (isFull && overflow === 'refuse')
    const task = new TaskModel(this.scheduled.length, plan, model, refused)
    task.inline = isFull && overflow === 'inline'
    model.tasks.push(task)
    if (model.told > 0) this.release(task)
    const options: TaskOptions = { name: String(task.number), ...(plan.timed ? { timeout: 3_600_000 } : {}) }
    if (plan.work === 'promise') {
      // It runs already: nothing narrows it.
    } else if (plan.when === 'yes' || plan.when === 'no' || plan.when === 'throws') {
      options.when = () => {
        if (plan.when === 'throws') throw new Error('when')
        return plan.when === 'yes'
      }
    } else if (plan.when !== 'always') options.when = plan.when
    if (plan.key > 0 && plan.work !== 'promise') options.key = plan.key
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
      assert.equal(task.dropped, undefined, 'started although it was given up')
      assert(task.wanted, 'started although its `when` does not hold')
      assert.equal(pair.model.told, 1)
      task.started = true
      pair.model.starts.push(task.number)
      if (!task.inline) this.running++
      this.checkKey(task)
      assert(this.running <= this.options.concurrency, 'too many at a time')
      this.check()
    })
    const nest = (): void => {
      for (const plan of task.plan.nested) this.schedule(pair, plan, depth + 1)
    }
    if (task.plan.work === 'waits') return this.gateOf(task).finally(nest)
    nest()
    this.leavePlace(task)
    task.settled = task.plan.work === 'throws' ? 'rejected' : 'fulfilled'
    if (task.plan.work === 'throws') throw new Error('task')
    return undefined
  }

  settle(pick: number, rejects: boolean): void {
    const [waiting] = this.waiting.splice(pick % (this.waiting.length || 1), 1)
    if (waiting === undefined) return
    const { task, gate } = waiting
    if (task.plan.work === 'waits' && task.overtaken === undefined) this.leavePlace(task)
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
      if (model.plan.work === 'waits') this.leavePlace(model)
    } else if (this.isUnsettled(model) && !model.started) model.dropped = 'cancelled'
    handle.cancel()
    if (model.dropped === 'cancelled' || model.overtaken === 'cancelled') assert.equal(handle.state, 'cancelled')
  }

  /** Everything that may time out does, if it runs. */
  expire(): void {
    for (const { model } of this.scheduled) {
      const clockRuns = model.plan.work !== 'promise' || model.exchange.told === 1
      if (!model.plan.timed || !model.started || !model.unsettled || model.overtaken !== undefined || !clockRuns) continue
      model.overtaken = 'timed-out'
      if (model.plan.work === 'waits') this.leavePlace(model)
    }
    this.lifecycle.scheduler.expire(performance.now() + 3_600_001)
  }

  /** Not settled as far as the reference can tell: what was not wanted settles without having started. */
  isUnsettled(task: TaskModel): boolean {
    const state = this.scheduled[task.number]?.handle.state
    const skipped = !task.started && task.exchange.told > 0 && (!task.wanted || task.plan.when === 'throws') && state !== 'queued'
    return task.unsettled && !skipped
  }

  // Keys and limits.

  /** Tasks that the reference takes for queued. */
  private get queued(): TaskModel[] {
    return this.scheduled.flatMap((each) => (each !== undefined && !each.model.started && this.isUnsettled(each.model) ? [each.model] : []))
  }

  private release(task: TaskModel): void {
    if (task.released === 0 && task.unsettled) task.released = ++this.releases
  }

  private leavePlace(task: TaskModel): void {
    if (!task.inline) this.running--
  }

  /** Nobody else has the key, and nobody was before it. */
  private checkKey(task: TaskModel): void {
    if (task.plan.key === 0) return
    for (const each of this.scheduled) {
      if (each === undefined || each.model === task || each.model.plan.key !== task.plan.key || each.model.plan.work === 'promise') continue
      const { model } = each
      assert(!(model.started && model.unsettled), 'two tasks have the key')
      const isBefore = model.released > 0 && model.released < task.released
      assert(!(isBefore && this.isUnsettled(model)), 'started before one of its key that ended first')
    }
  }

  /** A task was refused that was accepted before: it must be the one that waited longest. */
  private dropOldest(handle: TaskHandle): void {
    const dropped = this.scheduled.find((each) => each?.handle === handle)
    if (dropped === undefined) return
    const { model } = dropped
    this.guard(() => {
      assert.equal(this.options.overflow, 'drop-oldest')
      assert(!model.started && model.unsettled, 'refused although it was not queued')
      // When a task came to the head of its key is not known here.
      const others = this.queued.filter((each) => each !== model && each.plan.key === 0 && each.released > 0)
      if (model.released === 0) assert.equal(others.length, 0, 'one that waits for its end goes last')
      else if (model.plan.key === 0) assert(others.every((each) => each.released > model.released), 'not the oldest')
    })
    model.dropped = 'refused'
  }

  // What must hold.

  /** After every step, and wherever the library calls back. */
  check(): void {
    const { scheduled, queued, running, zombies, completed, failed, timedOut, cancelled, refused } = this.lifecycle.stats()
    assert.equal(queued + running + zombies + completed + failed + timedOut + cancelled + refused, scheduled)
    assert.equal(queued + running + zombies, [...this.lifecycle.scheduler.unsettled].length)
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
    this.compareFigures()
    for (const { exchange, model } of this.pairs) if (exchange.phase !== 'drained') assert.equal(exchange.phase, model.phase)
  }

  /** Only between steps: in the midst of one, the library may not have heard yet. */
  private compareFigures(): void {
    const { queued, running, zombies, refused, scheduled } = this.lifecycle.stats()
    const models = this.scheduled.map(({ model }) => model)
    const started = models.filter((model) => model.started && model.unsettled)
    assert.equal(scheduled, models.length)
    assert.equal(queued, this.queued.length)
    assert(this.options.overflow === 'inline' || queued <= this.options.maxQueued, 'too many are queued')
    assert.equal(running, started.filter(({ overtaken }) => overtaken === undefined).length)
    assert.equal(zombies, started.filter(({ overtaken }) => overtaken !== undefined).length)
    assert.equal(refused, models.filter((model) => model.finalState === 'refused').length)
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
      const inOrder = model.starts.filter((number) => {
        const { plan, inline } = (this.scheduled[number] as Scheduled).model
        return plan.key === 0 && !inline
      })
      assert.deepEqual(inOrder, inOrder.toSorted((a, b) => a - b))
      if (model.kind === 'aborted') assert(exchange.signal.aborted)
      else if (!this.drainModel.hurried) assert(!exchange.signal.aborted)
      if (signal !== undefined) assert.equal(exchange.signal, signal)
    }
    for (const { model, handle } of this.scheduled) {
      assert.equal(handle.state, model.finalState, `task ${model.number}`)
      if (!model.refused && model.dropped === undefined && model.plan.when !== 'throws') assert.equal(model.started, model.wanted)
    }
    const expected = this.scheduled.reduce((sum, { model }) => sum + model.faults, this.listenerFaults)
    assert.equal(this.lifecycle.faults.length, expected)
    assert.equal(this.lifecycle.unended, 0)
    assert.equal(this.lifecycle.scheduler.lanes.byKey.size, 0)
    this.drainModel.compare()
  }
}
