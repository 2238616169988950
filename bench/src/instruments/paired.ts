import { besideOf, type Heat, heatsOf } from '../heat.js'
import { baseOf, type Variant } from '../scenario.js'
import { type ServerName, serverNames } from '../servers/application.js'
import { shuffled } from '../shuffle.js'
import { Stage, type Theatre } from '../stage.js'
import { compare, type Comparison, floorOf, logRatios, quantileOf, type Samples, type Spread, spreadOf } from '../statistics.js'

/** How long and how often. */
export interface PairedPlan {
  /** How many times all processes are started anew, at most: where the code of a process happens to lie is worth 1%. */
  readonly generations: number
  /**
   * No further generation is begun when it would probably end after so many ms. At least two are measured; from the third on only what
   * promises are about, if that is among the variants.
   */
  readonly budgetMs: number
  /** Requests to every server before it is measured: V8 goes on compiling for thousands. */
  readonly warmUp: number
  /** In a round every server is measured once, in a random order. So many for what promises are about, if that is among the variants. */
  readonly rounds: number
  /** And so many for the others. */
  readonly roundsOfRest: number
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
  /** What no promise is about is measured less often. */
  readonly generationsOfRest: number
  readonly rounds: number
  readonly roundsOfRest: number
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
  { warmUp, rounds, requests, connections }: PairedPlan,
  progress: (share: number) => void,
): Promise<Map<string, number[]>> {
  const stage = await Stage.open(theatre, variants, connections)
  try {
    const samples = new Map<string, number[]>(variants.map(({ id }) => [id, []]))
    const amounts = new Map(variants.map((variant) => [variant.id, Math.max(connections, Math.round(requests / dearnessOf(variant)))]))
    const steps = rounds / roundsPerStep + 1
    const queue = shuffled(variants)
    const lane = async () => {
      for (let variant = queue.pop(); variant !== undefined; variant = queue.pop()) {
        await stage.slice(variant.id, Math.round(warmUp / dearnessOf(variant)))
        progress((1 - queue.length / variants.length) / steps)
      }
    }
    // What the load answers is the same for each, so it does not matter that the answers come in the order in which they are done.
    await Promise.all([lane(), lane()])
    stage.takeTurns()
    for (let done = 0; done < rounds; done += roundsPerStep) {
      const found = await stage.measure(amounts, roundsPerStep)
      for (const [id, costs] of found) samples.get(id)?.push(...costs)
      progress(1 - (rounds - done - roundsPerStep) / roundsPerStep / steps)
    }
    return samples
  } finally {
    await stage.close()
  }
}

/** Fewer say nothing about how far they differ. */
const leastGenerations = 2

/** What was measured of one heat. */
export interface MeasuredHeat extends Heat {
  /** By variant: for each generation the costs of its rounds. */
  readonly samples: SamplesById
}

/** Measures variants in heats, whose processes are started anew in each generation. */
export async function samplePairs(
  theatre: Theatre,
  variants: readonly Variant[],
  plan: PairedPlan,
  progress: Progress,
): Promise<{ heats: readonly MeasuredHeat[]; generations: number; generationsOfRest: number }> {
  const heats = heatsOf(variants).map((heat): MeasuredHeat => ({ ...heat, samples: new Map(heat.all.map(({ id }) => [id, []])) }))
  const promised = heats.filter(({ own }) => own.some(({ scenario }) => scenario.isPromised === true))
  const lasting = promised.length > 0 ? promised : heats
  const start = performance.now()
  /** How long the lasting took in the generation before, in ms. */
  let last = 0
  let generation = 0
  for (; generation < plan.generations; generation++) {
    if (generation >= leastGenerations && performance.now() - start + last > plan.budgetMs) break
    last = 0
    const going = generation < leastGenerations ? heats : lasting
    for (const [index, heat] of going.entries()) {
      const { all, samples } = heat
      const isLasting = lasting.includes(heat)
      const rounds = isLasting ? plan.rounds : plan.roundsOfRest
      const begin = performance.now()
      const found = await measureOnce(theatre, all, { ...plan, rounds }, (share) => {
        const done = generation + (index + share) / going.length
        const byTime = (performance.now() - start) / plan.budgetMs
        const text = `generation ${generation + 1}, ${(all[0] as Variant).server}: ${all.length} servers`
        progress(Math.min(1, Math.max(done / plan.generations, byTime)), text)
      })
      for (const [id, values] of found) samples.get(id)?.push(values)
      if (isLasting) last += performance.now() - begin
    }
  }
  return { heats, generations: generation, generationsOfRest: lasting.length < heats.length ? leastGenerations : generation }
}

/** The spread between the generations of all variants on a server, compared with their base. */
function spreadOn(server: ServerName, heats: readonly MeasuredHeat[]): Spread | undefined {
  const baseId = baseOf(server)
  const comparisons = heats.flatMap(({ own, samples }) => {
    const base = samples.get(baseId)
    // A heat of another server has no such base.
    if (base === undefined) return []
    return own.filter(({ id }) => id !== baseId).map(({ id }) => logRatios(samples.get(id) as Samples, base))
  })
  return comparisons.length === 0 ? undefined : spreadOf(comparisons)
}

/** Measures CPU time per request, every variant against its base in the same rounds. */
export async function measurePairs(
  theatre: Theatre,
  variants: readonly Variant[],
  plan: PairedPlan,
  progress: Progress,
): Promise<PairedResults> {
  const { heats, generations, generationsOfRest } = await samplePairs(theatre, variants, plan, progress)
  const spreads = new Map(serverNames.map((server) => [server, spreadOn(server, heats)]))
  const rowIn = ({ samples }: MeasuredHeat, variant: Variant): PairedRow => {
    const { id, server, scenario, role } = variant
    const own = samples.get(id) as number[][]
    const comparisons = [...new Set([baseOf(server), `${server}/bare`, ...besideOf(variant)])].flatMap((other) => {
      const base = samples.get(other)
      return base === undefined ? [] : [compare(other, own, base, spreads.get(server))]
    })
    const kind = role === 'measured' ? scenario.kind : role
    return { id, server, scenario: scenario.id, title: scenario.title, kind, microseconds: quantileOf(own.flat(), 0.5), comparisons }
  }
  const rows = variants.flatMap((variant) => heats.filter(({ own }) => own.includes(variant)).map((heat) => rowIn(heat, variant)))
  const floors = Object.fromEntries(
    rows.flatMap(({ kind, server, comparisons: [toBase] }) => (kind === 'control' && toBase ? [[server, floorOf(toBase)]] : [])),
  )
  return { generations, generationsOfRest, rounds: plan.rounds, roundsOfRest: plan.roundsOfRest, requests: plan.requests, floors, rows }
}
