import type { ProbeLoad } from './children/probe.js'
import type { PairedPlan } from './instruments/paired.js'
import type { ThroughputPlan } from './instruments/throughput.js'
import type { Part, Preset } from './options.js'
import type { MemoryPlan } from './scale/memory.js'
import type { Tier } from './scenario.js'

/** How much of everything a run does. */
export interface Plan {
  readonly tier: Tier
  readonly parts: readonly Part[]
  readonly paired: PairedPlan
  readonly throughput: ThroughputPlan & { readonly tier: Tier }
  readonly scale: {
    readonly memory: MemoryPlan
    readonly backlogs: readonly number[]
    readonly repetitions: number
    /** What the server is busy with besides, where after-work is to be fair; promises are about `busy`. */
    readonly loads: readonly ProbeLoad[]
    readonly tasks: PairedPlan
  }
}

const paired: PairedPlan = { generations: 12, budgetMs: 110_000, warmUp: 6000, rounds: 120, roundsOfRest: 40, requests: 64, connections: 16 }
const tasks: PairedPlan = { ...paired, generations: 6, budgetMs: 20_000, rounds: 60 }

const memory: MemoryPlan = { inFlight: 10_000, variants: ['idle'] }

/** The budgets end a measurement, not the number of generations, of which there are two at least. */
export const presets: Readonly<Record<Preset, Plan>> = {
  quick: {
    tier: 1,
    parts: ['paired'],
    paired: { ...paired, budgetMs: 42_000, warmUp: 5000, rounds: 40 },
    throughput: { tier: 1, rounds: 1, seconds: 1, connections: 64 },
    scale: { memory, backlogs: [10_000], repetitions: 1, loads: ['busy'], tasks: { ...tasks, budgetMs: 10_000 } },
  },
  default: {
    tier: 2,
    parts: ['paired', 'throughput', 'scale'],
    paired: { ...paired, warmUp: 3000, rounds: 20, roundsOfRest: 20 },
    throughput: { tier: 1, rounds: 1, seconds: 1, connections: 64 },
    scale: { memory, backlogs: [10_000], repetitions: 1, loads: ['busy'], tasks: { ...tasks, warmUp: 3000, rounds: 20 } },
  },
  full: {
    tier: 3,
    parts: ['paired', 'throughput', 'scale'],
    paired: { ...paired, budgetMs: 15 * 60_000, warmUp: 8000, rounds: 120 },
    throughput: { tier: 1, rounds: 1, seconds: 1, connections: 64 },
    scale: {
      memory: { ...memory, variants: ['idle', 'idle-ambient', 'after-1', 'on-finished'] },
      backlogs: [10_000, 100_000],
      repetitions: 2,
      loads: ['quiet', 'busy'],
      tasks: { ...tasks, budgetMs: 90_000 },
    },
  },
}
