import assert from 'node:assert/strict'
import { vi } from 'vitest'
import type { DrainReport } from '../src/report.js'
import { FakeHost, idleHost } from './fake-host.js'
import type { ModelRun, Scheduled } from './model-run.js'
import { flush } from './turn.js'

/** The clock of the drain runs on command, in steps of its last slot. */
const stepMs = 250
const softMs = 500
const hardMs = 1000

/** The reference of the drain of one run. */
export class DrainModel {
  /** Whether it is over, so that every further task must be refused. */
  sealed = false
  private readonly run: ModelRun
  private readonly hosts: FakeHost[] = []
  /** Ms since it began. */
  private clock: number | undefined = undefined
  private report: DrainReport | undefined = undefined
  private pending = 0
  private inFlight = 0

  constructor(run: ModelRun) {
    this.run = run
  }

  /** Whether its soft deadline may have aborted signals. */
  get hurried(): boolean {
    return (this.clock ?? 0) >= softMs
  }

  start(hosts: number): void {
    if (this.clock !== undefined) return
    this.clock = 0
    for (let index = 0; index < hosts; index++) this.hosts.push(index % 2 === 0 ? new FakeHost() : idleHost())
    this.pending = this.unsettled().length
    this.inFlight = this.run.pairs.filter(({ exchange }) => exchange.phase !== 'drained').length
    const { lifecycle } = this.run
    void lifecycle.drain({ hosts: this.hosts, softTimeout: softMs, timeout: hardMs }).then((report) => this.seal(report))
  }

  private unsettled(): Scheduled[] {
    return this.run.scheduled.filter(({ model }) => this.run.isUnsettled(model))
  }

  private seal(report: DrainReport): void {
    this.sealed = true
    this.report = report
    const left = this.unsettled().map(({ model }) => model.number)
    this.run.guard(() => {
      assert.deepEqual(report.tasks.lost.map(({ name }) => Number(name)).toSorted((a, b) => a - b), left)
      assert.equal(report.clean, left.length === 0 && report.exchanges.cut.length === 0)
      if ((this.clock as number) >= hardMs + stepMs) return
      assert.equal(left.length, 0, 'sealed before every task settled')
      for (const { model } of this.run.pairs) assert(model.kind !== undefined, 'sealed before every exchange ended')
    })
  }

  /** Lets the time of so many steps pass. */
  async advance(times: number): Promise<void> {
    if (this.clock === undefined) return
    for (let step = 0; step < times; step++) {
      this.clock += stepMs
      if (this.clock === hardMs && !this.sealed) for (const { model } of this.run.pairs) model.end('aborted', 'drain')
      vi.advanceTimersByTime(stepMs)
      await flush()
    }
  }

  closeHost(pick: number): void {
    this.hosts[pick % (this.hosts.length || 1)]?.close()
  }

  closeHosts(): void {
    for (const host of this.hosts) host.close()
  }

  /** The report against the reference, once all is over. */
  compare(): void {
    if (this.clock === undefined) return
    assert(this.report !== undefined, 'the drain hangs')
    const { exchanges, tasks } = this.report
    const { pendingAtStart, scheduled, completed, failed, timedOut, cancelled, refused, lost } = tasks
    assert.equal(pendingAtStart, this.pending)
    assert.equal(exchanges.inFlightAtStart, this.inFlight)
    assert.equal(completed + failed + timedOut + cancelled + refused + lost.length, pendingAtStart + scheduled)
    assert.equal(exchanges.cut.length, this.run.pairs.filter(({ model }) => model.reason === 'drain').length)
  }
}
