import type { Exchange, Fault, Outcome } from '@afterword/lifecycle-core'
import type { Lifecycle } from '@afterword/lifecycle-core/adapter'
import type { Plan, TaskPlan } from './plan.js'

/** What is known of one request, told by the two sides and by the library. */
interface Entry {
  readonly plan: Plan
  /** How often the server dispatched it, counted in front of the library. */
  begun: number
  ended: number
  outcome: Outcome | undefined
  /** Tasks with a condition, which the outcome decides. */
  readonly conditional: TaskPlan[]
  /** Whether the client stayed to the end, and what it saw. */
  stayed: 'got it all' | 'cut short' | undefined
}

/** Counts of one half. */
export interface Totals {
  begun: number
  finished: number
  aborted: number
  readonly endings: Map<string, number>
  scheduled: number
  started: number
  promises: number
  cancelled: number
  unwanted: number
  failing: number
  taskFaults: number
}

/** Keeps the books of one server, independently of the library. */
export class Ledger {
  totals = emptyTotals()
  private entries = new Map<number, Entry>()
  private readonly told = new WeakSet<Exchange>()
  private readonly violations: string[] = []
  private readonly visits = new Set<() => string>()

  open(plan: Plan): Plan {
    this.entries.set(plan.id, { plan, begun: 0, ended: 0, outcome: undefined, conditional: [], stayed: undefined })
    return plan
  }

  /** A client comes; the answer is called when it goes. */
  visit(describe: () => string): () => void {
    this.visits.add(describe)
    return () => this.visits.delete(describe)
  }

  /** Clients that have not gone, in words. Each is told of once. */
  takeWaiting(): string[] {
    const waiting = [...this.visits].map((describe) => describe())
    this.visits.clear()
    return waiting
  }

  /** The plan of a request, by its path. */
  entry(url: string | undefined): Entry {
    const entry = this.entries.get(Number((url ?? '').slice(1)))
    if (entry === undefined) throw new Error(`There is no plan for ${url}`)
    return entry
  }

  begin(url: string | undefined): void {
    this.entry(url).begun++
    this.totals.begun++
  }

  end(outcome: Outcome, exchange: Exchange): void {
    if (this.told.has(exchange)) this.violate('none ended twice', `${exchange.id} did`)
    this.told.add(exchange)
    const entry = this.entry(outcome.url)
    entry.ended++
    entry.outcome = outcome
    this.totals[outcome.kind]++
    const ending = outcome.kind === 'finished' ? 'finished' : `${outcome.reason}, ${outcome.position}`
    this.totals.endings.set(ending, (this.totals.endings.get(ending) ?? 0) + 1)
  }

  fault(_error: unknown, { source }: Fault): void {
    if (source === 'task') this.totals.taskFaults++
  }

  stayed(plan: Plan, whole: boolean): void {
    const entry = this.entries.get(plan.id)
    if (entry !== undefined) entry.stayed = whole ? 'got it all' : 'cut short'
  }

  violate(invariant: string, detail: string): void {
    this.violations.push(`${invariant}: ${detail}`)
  }

  /** Closes the books of a half: what does not add up is a violation. Returns its totals. */
  close(lifecycle: Lifecycle): Totals {
    const { totals } = this
    for (const { plan, begun, ended, outcome, conditional, stayed } of this.entries.values()) {
      if (begun !== ended) this.violate('begun = finished + aborted', `/${plan.id} (${plan.reply}) begun ${begun}, ended ${ended}`)
      if (outcome === undefined) continue
      totals.unwanted += conditional.filter(({ when }) => !wants(when, outcome)).length
      // The client's own view: it cannot be told that all was well when it got a part, nor the other way round.
      if (stayed === 'got it all' && outcome.kind === 'aborted' && outcome.reason !== 'deadline') {
        this.violate('told the truth', `/${plan.id} (${plan.reply}) came through, and was told as aborted (${outcome.reason})`)
      }
      if (stayed === 'cut short' && outcome.kind === 'finished') {
        this.violate('told the truth', `/${plan.id} (${plan.reply}) was cut short, and told as finished`)
      }
    }
    const { begun, finished, aborted, scheduled, started, promises, cancelled, unwanted, failing, taskFaults } = totals
    this.expect('begun = finished + aborted', begun, finished + aborted)
    this.expect('none open', lifecycle.open.size + lifecycle.unended + lifecycle.scheduler.unsettled.size, 0)
    this.expect('tasks run = tasks scheduled', started + promises + cancelled + unwanted, scheduled)
    this.expect('every failing task reported once', taskFaults, failing)
    this.totals = emptyTotals()
    this.entries = new Map()
    return totals
  }

  expect(invariant: string, actual: number, expected: number): void {
    if (actual !== expected) this.violate(invariant, `${actual}, not ${expected}`)
  }

  /** What was violated, by invariant. */
  violationsOf(invariant: string): string[] {
    return this.violations.filter((violation) => violation.startsWith(`${invariant}: `))
  }
}

function emptyTotals(): Totals {
  return {
    begun: 0, finished: 0, aborted: 0, endings: new Map(),
    scheduled: 0, started: 0, promises: 0, cancelled: 0, unwanted: 0, failing: 0, taskFaults: 0,
  }
}

function wants(when: TaskPlan['when'], { kind, status, error }: Outcome): boolean {
  if (when === 'success') return kind === 'finished' && status !== null && status < 400 && error === undefined
  return when === 'always' || when === kind
}
