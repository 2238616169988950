import { countInstructions, exactPlan, type ExactResults, missingValgrind, valgrindVersion } from './instruments/exact.js'
import { measurePairs, type Progress } from './instruments/paired.js'
import { measureThroughput } from './instruments/throughput.js'
import { describeMachine, peerVersions } from './machine.js'
import type { Options, Part } from './options.js'
import type { Plan } from './preset.js'
import type { Results, ScaleResults } from './results.js'
import { type Tier, variantsOf } from './scenario.js'
import { measureDrain } from './scale/drain.js'
import { measureFairness } from './scale/fairness.js'
import { measureMemory } from './scale/memory.js'
import { measureTasks } from './scale/tasks.js'
import { serverNames } from './servers/application.js'
import type { Theatre } from './stage.js'

/** What a run on one version of Node measures, and with what. */
export interface Run {
  readonly options: Options
  readonly plan: Plan
  readonly theatre: Theatre
  /** The version of Node that is measured. */
  readonly node: string
  /** The commit of the other tree. */
  readonly against: string | undefined
  /** Instruction counts at a time. */
  readonly lanes: number
  readonly progress: Progress
}

async function measureScale({ plan, theatre, progress }: Run): Promise<ScaleResults> {
  const { memory: crowd, backlogs, repetitions, loads, tasks } = plan.scale
  progress(0, `${crowd.inFlight} requests in flight`)
  const memory = await measureMemory(theatre, serverNames, crowd)
  progress(0.2, 'draining a backlog')
  const drain = await measureDrain(theatre, backlogs, repetitions)
  progress(0.4, 'fairness')
  const fairness = await measureFairness(theatre, serverNames, loads)
  const perTask = await measureTasks(theatre, tasks, (share, text) => progress(0.6 + share * 0.4, `tasks per request, ${text}`))
  return { memory, drain, tasks: perTask, fairness }
}

async function measureExact(run: Run): Promise<ExactResults | undefined> {
  const valgrind = valgrindVersion()
  if (valgrind === undefined) return undefined
  const variants = choose(run, run.plan.tier).filter(({ role }) => role !== 'control')
  return { ...exactPlan, valgrind, rows: await countInstructions(run.theatre, variants, exactPlan, run.lanes, run.progress) }
}

function choose({ options, against }: Run, tier: Tier): ReturnType<typeof variantsOf> {
  return variantsOf(tier, options.only, against !== undefined)
}

/** Measures everything that was asked for on one version of Node. */
export async function measure(run: Run): Promise<Results> {
  const { options, plan, theatre, node, against, progress } = run
  const parts: readonly Part[] = options.parts ?? plan.parts
  const machine = describeMachine(theatre.cores !== undefined)
  const start = performance.now()
  const skipped: string[] = []
  const has = (part: Part) => parts.includes(part)
  const paired = has('paired') ? await measurePairs(theatre, choose(run, plan.tier), plan.paired, progress) : undefined
  const throughput = has('throughput')
    ? await measureThroughput(theatre, choose(run, plan.throughput.tier).filter(({ role }) => role === 'measured'), plan.throughput, progress)
    : undefined
  const scale = has('scale') ? await measureScale(run) : undefined
  const exact = has('exact') ? await measureExact(run) : undefined
  if (has('exact') && exact === undefined) skipped.push(`exact: ${missingValgrind}`)
  return {
    date: new Date().toISOString(),
    machine,
    node,
    versions: peerVersions(),
    ...(against !== undefined && { against }),
    seconds: (performance.now() - start) / 1000,
    skipped,
    ...(paired && { paired }),
    ...(throughput && { throughput }),
    ...(exact && { exact }),
    ...(scale && { scale }),
  }
}
