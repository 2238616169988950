import { baseOf, type Variant } from '../scenario.js'
import { type ServerName, serverNames } from '../servers/application.js'
import { shuffled } from '../shuffle.js'
import { Stage, type Theatre } from '../stage.js'
import { compare, type Comparison, floorOf, logRatios, quantileOf, type Samples, type Spread, spreadOf } from '../statistics.js'

/** How long and how often. */
export interface PairedPlan {
  /** How many times all processes are started anew, at most: where the code of a process happens to lie is worth 1%. */
  readonly generations: number
  /** No further generation is begun when it would probably end after so many ms. At least two are measured. */
  readonly budgetMs: number
  /** Requests inside the process of every server before it is measured: V8 goes on compiling for thousands. */
  readonly compile: number
  /** Then rounds over sockets that do not count. */
  readonly warmUp: number
  /** In a round every server is measured once, in a random order. */
  readonly rounds: number
  /** Requests in one slice; fewer where they are dear. */
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

/** Rounds between two signs of progress; plans have a multiple of it. */
const roundsPerStep = 20

type SamplesById = Map<string, number[][]>

/** How much dearer a request is than the cheapest: a slice has fewer of such, but one for each connection. */
function dearnessOf({ server, scenario: { calls = 0 } }: Variant): number {
  return (server === 'express' ? 2 : 1) * Math.max(1, calls / 20)
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
    const amounts = new Map(variants.map((variant) => [variant.id, Math.max(connections, Math.round(requests / dearnessOf(variant)))]))
    const steps = (warmUp + rounds) / roundsPerStep + 1
    const queue = shuffled(variants)
    const lane = async () => {
      for (let variant = queue.pop(); variant !== undefined; variant = queue.pop()) {
        await stage.ask(variant.id, Math.round(compile / dearnessOf(variant)))
        progress((1 - queue.length / variants.length) / steps)
      }
    }
    await Promise.all([lane(), lane()])
    stage.takeTurns()
    for (let done = -warmUp; done < rounds; done += roundsPerStep) {
      const found = await stage.measure(amounts, roundsPerStep)
      if (done >= 0) for (const [id, costs] of found) samples.get(id)?.push(...costs)
      progress(1 - (rounds - done - roundsPerStep) / roundsPerStep / steps)
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

/** The spread between the generations of all variants on a server, compared with their base. */
function spreadOn(server: ServerName, variants: readonly Variant[], samples: SamplesById): Spread | undefined {
  const base = samples.get(baseOf(server))
  const others = variants.filter((variant) => variant.server === server && variant.id !== baseOf(server))
  if (base === undefined || others.length === 0) return undefined
  return spreadOf(others.map(({ id }) => logRatios(samples.get(id) as Samples, base)))
}

/** Measures CPU time per request, every variant against its base in the same rounds. */
export async function measurePairs(
  theatre: Theatre,
  variants: readonly Variant[],
  plan: PairedPlan,
  progress: Progress,
): Promise<PairedResults> {
  const { samples, generations } = await samplePairs(theatre, variants, plan, progress)
  const spreads = new Map(serverNames.map((server) => [server, spreadOn(server, variants, samples)]))
  const rows = variants.map((variant): PairedRow => {
    const { id, server, scenario, role } = variant
    const own = samples.get(id) as number[][]
    const beside = scenario.beside === undefined ? [] : [`${server}/${scenario.beside}`]
    const ours = role === 'other' ? [`${server}/${scenario.id}`] : []
    const others = new Set([baseOf(server), `${server}/bare`, ...beside, ...ours])
    const comparisons = [...others].flatMap((other) => {
      const base = samples.get(other)
      return base === undefined ? [] : [compare(other, own, base, spreads.get(server))]
    })
    const kind = role === 'measured' ? scenario.kind : role
    return { id, server, scenario: scenario.id, title: scenario.title, kind, microseconds: quantileOf(own.flat(), 0.5), comparisons }
  })
  const floors = Object.fromEntries(
    rows.flatMap(({ kind, server, comparisons: [toBase] }) => (kind === 'control' && toBase ? [[server, floorOf(toBase)]] : [])),
  )
  return { generations, rounds: plan.rounds, requests: plan.requests, floors, rows }
}
