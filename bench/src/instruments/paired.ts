import { baseOf, type Variant } from '../scenario.js'
import { type ServerName, serverNames } from '../servers/application.js'
import { Stage, type Theatre } from '../stage.js'
import { compare, type Comparison, floorOf, quantileOf } from '../statistics.js'

/** How long and how often. */
export interface PairedPlan {
  /** How many times all processes are started anew, at most: where the code of a process happens to lie is worth 1%. */
  readonly generations: number
  /** No further generation is begun when it would probably end after so many ms. At least two are measured. */
  readonly budgetMs: number
  /** Requests inside the process of every server before it is measured: V8 goes on compiling for thousands. */
  readonly compile: number
  /** Then requests over sockets. */
  readonly warmUp: number
  /** In a round every server is measured twice: in a random order, and in the reverse of it. */
  readonly rounds: number
  /** Requests in one slice. */
  readonly requests: number
  readonly connections: number
}

/** CPU time of one variant. */
export interface PairedRow {
  readonly id: string
  readonly server: ServerName
  readonly scenario: string
  readonly title: string
  readonly kind: 'floor' | 'ours' | 'peer' | 'control' | 'other'
  /** CPU microseconds per request: the median. */
  readonly microseconds: number
  /** First to the base, which is the bare server or a no-op mount; then to the bare server, and to others. */
  readonly comparisons: readonly Comparison[]
}

/** What the paired instrument found. */
export interface PairedResults {
  readonly generations: number
  readonly rounds: number
  readonly requests: number
  /** Per server: how much a server seems to differ from itself. */
  readonly floors: Partial<Record<ServerName, number>>
  readonly rows: readonly PairedRow[]
}

/** Tells how far a measurement has come: a share from 0 to 1, and what is happening. */
export type Progress = (share: number, text: string) => void

type SamplesById = Map<string, number[][]>

function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1))
    ;[result[last], result[other]] = [result[other] as T, result[last] as T]
  }
  return result
}

/** One generation of processes: starts them, warms them up, and measures them in turn. */
async function measureOnce(
  theatre: Theatre,
  variants: readonly Variant[],
  { compile, warmUp, rounds, requests, connections }: PairedPlan,
  progress: (share: number) => void,
): Promise<Map<string, number[]>> {
  const stage = await Stage.open(theatre, variants, connections)
  try {
    const samples = new Map<string, number[]>(variants.map(({ id }) => [id, []]))
    const requestsOf = ({ scenario }: Variant) => Math.max(20, Math.round(requests / Math.max(1, (scenario.calls ?? 0) / 20)))
    const slices = rounds * 2 + warmUp / requests
    for (const [index, variant] of shuffled(variants).entries()) {
      const share = requestsOf(variant) / requests
      await stage.ask(variant.id, Math.round(compile * share))
      await stage.slice(variant.id, Math.round(warmUp * share))
      progress((warmUp / requests / slices) * ((index + 1) / variants.length))
    }
    for (let round = 0; round < rounds; round++) {
      const order = shuffled(variants)
      const sums = new Map<string, number>()
      for (const variant of [...order, ...order.toReversed()]) {
        sums.set(variant.id, (sums.get(variant.id) ?? 0) + (await stage.slice(variant.id, requestsOf(variant))))
      }
      for (const [id, sum] of sums) samples.get(id)?.push(sum / 2)
      progress((warmUp / requests + (round + 1) * 2) / slices)
    }
    return samples
  } finally {
    await stage.close()
  }
}

/** Collects the samples of all variants; those of one server are alive together. */
export async function samplePairs(
  theatre: Theatre,
  variants: readonly Variant[],
  plan: PairedPlan,
  progress: Progress,
): Promise<{ samples: SamplesById; generations: number }> {
  const samples: SamplesById = new Map(variants.map(({ id }) => [id, []]))
  const groups = serverNames.map((name) => variants.filter(({ server }) => server === name)).filter((group) => group.length > 0)
  const start = performance.now()
  let generation = 0
  for (; generation < plan.generations; generation++) {
    const elapsed = performance.now() - start
    if (generation >= 2 && elapsed + elapsed / generation > plan.budgetMs) break
    for (const [index, group] of groups.entries()) {
      const found = await measureOnce(theatre, group, plan, (share) => {
        const done = generation + (index + share) / groups.length
        const byTime = (performance.now() - start) / plan.budgetMs
        const text = `generation ${generation + 1}, ${(group[0] as Variant).server}: ${group.length} servers`
        progress(Math.min(1, Math.max(done / plan.generations, byTime)), text)
      })
      for (const [id, values] of found) samples.get(id)?.push(values)
    }
  }
  return { samples, generations: generation }
}

/** Measures CPU time per request, every variant against its base in the same rounds. */
export async function measurePairs(
  theatre: Theatre,
  variants: readonly Variant[],
  plan: PairedPlan,
  progress: Progress,
): Promise<PairedResults> {
  const { samples, generations } = await samplePairs(theatre, variants, plan, progress)
  const rows = variants.map((variant): PairedRow => {
    const { id, server, scenario, role } = variant
    const own = samples.get(id) as number[][]
    const beside = scenario.beside === undefined ? [] : [`${server}/${scenario.beside}`]
    const ours = role === 'other' ? [`${server}/${scenario.id}`] : []
    const others = new Set([baseOf(server), `${server}/bare`, ...beside, ...ours])
    const comparisons = [...others].flatMap((other) => {
      const base = samples.get(other)
      return base === undefined ? [] : [compare(other, own, base)]
    })
    const kind = role === 'measured' ? scenario.kind : role
    return { id, server, scenario: scenario.id, title: scenario.title, kind, microseconds: quantileOf(own.flat(), 0.5), comparisons }
  })
  const floors = Object.fromEntries(
    rows.flatMap(({ kind, server, comparisons: [toBase] }) => (kind === 'control' && toBase ? [[server, floorOf(toBase)]] : [])),
  )
  return { generations, rounds: plan.rounds, requests: plan.requests, floors, rows }
}
