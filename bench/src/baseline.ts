import { readFileSync, writeFileSync } from 'node:fs'
import { countInstructions, gatePlan, type ExactRow, missingValgrind, valgrindVersion } from './instruments/exact.js'
import type { Progress } from './instruments/paired.js'
import { UsageError } from './options.js'
import { scenarios, type Variant } from './scenario.js'
import type { ServerName } from './servers/application.js'
import type { Theatre } from './stage.js'

/** What five key scenarios cost in instructions, over the bare server in the same run. */
export interface Baseline {
  /** Where it was counted. Absolute counts differ from machine to machine, what a scenario adds hardly does. */
  readonly node: string
  readonly valgrind: string
  readonly toBare: Readonly<Record<string, number>>
  /** Each line of the changelog that allowed it to rise. */
  readonly raised: readonly string[]
}

/** How a scenario stands to the baseline. */
export interface GateLine {
  readonly id: string
  readonly before: number
  readonly now: number
  readonly verdict: 'same' | 'dearer' | 'cheaper'
}

/** The scenarios that must not become dearer unnoticed. */
export const gated = ['node/idle', 'node/after-1', 'node/after-10', 'node/ambient-after-1', 'node/on-commit'] as const

/** 1% of a bare request. */
const tolerance = 0.01
/** Another patch release of Node may compile the same code a little differently. */
const toleranceAcrossPatches = 0.02

/** Compares what was counted with the baseline. */
export function compareWithBaseline(rows: readonly Pick<ExactRow, 'id' | 'toBare'>[], baseline: Baseline, node: string): GateLine[] {
  const limit = node === baseline.node ? tolerance : toleranceAcrossPatches
  return gated.map((id) => {
    const now = rows.find((row) => row.id === id)?.toBare ?? Number.NaN
    const before = baseline.toBare[id] ?? Number.NaN
    const verdict = now - before <= limit ? (before - now > limit ? 'cheaper' : 'same') : 'dearer'
    return { id, before, now, verdict }
  })
}

/**
 * The next baseline.
 *
 * @throws {UsageError} when it would rise without a reason that stands in the changelog
 */
export function nextBaseline(
  rows: readonly Pick<ExactRow, 'id' | 'toBare'>[],
  previous: Baseline | undefined,
  { node, valgrind, because, changelog }: { node: string; valgrind: string; because: string | undefined; changelog: string },
): Baseline {
  const risen = previous === undefined ? [] : compareWithBaseline(rows, previous, node).filter(({ verdict }) => verdict === 'dearer')
  if (risen.length > 0 && (because === undefined || because.trim() === '' || !changelog.includes(because))) {
    const names = risen.map(({ id }) => id).join(', ')
    throw new UsageError(`The baseline would rise (${names}). Say why in CHANGELOG.md, and pass the same line with --because.`)
  }
  const toBare = Object.fromEntries(gated.map((id) => [id, Number((rows.find((row) => row.id === id)?.toBare ?? Number.NaN).toFixed(4))]))
  const raised = [...(previous?.raised ?? []), ...(risen.length > 0 ? [because as string] : [])]
  return { node, valgrind, toBare, raised }
}

function gatedVariants(): Variant[] {
  return ['node/bare', ...gated].map((id) => {
    const [server, application] = id.split('/') as [ServerName, string]
    const scenario = scenarios.find((each) => each.id === application)
    if (scenario === undefined) throw new Error(`there is no scenario ${application}`)
    return { id, server, application, scenario, role: 'measured' }
  })
}

/** Where the baseline lies, and what it needs. */
export interface GatePlace {
  readonly file: string
  readonly changelog: string
  readonly nodeVersion: string
  readonly lanes: number
}

/** Reads a baseline; `undefined` when there is none yet. */
function readBaseline(file: string): Baseline | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Baseline
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Runs the gate; says whether it holds. What cannot be counted here is skipped by name, which is no failure. */
export async function runGate(theatre: Theatre, place: GatePlace, progress: Progress, print: (line: string) => void): Promise<boolean> {
  const baseline = readBaseline(place.file)
  const skip = (reason: string) => {
    print(`skipped: ${reason}`)
    return true
  }
  if (valgrindVersion() === undefined) return skip(missingValgrind)
  if (baseline === undefined) return skip('there is no bench/baseline.json yet: pnpm bench --write-baseline')
  if (Number.parseInt(baseline.node) !== Number.parseInt(place.nodeVersion)) {
    return skip(`the baseline is for Node ${baseline.node}, this is Node ${place.nodeVersion}`)
  }
  const rows = await countInstructions(theatre, gatedVariants(), gatePlan, place.lanes, progress)
  const lines = compareWithBaseline(rows, baseline, place.nodeVersion)
  for (const { id, before, now, verdict } of lines) {
    const mark = verdict === 'dearer' ? 'FAIL' : 'ok  '
    print(`${mark}  ${id.padEnd(22)} ${now.toFixed(4)} of a bare request, baseline ${before.toFixed(4)}  ${verdict}`)
  }
  if (lines.some(({ verdict }) => verdict === 'cheaper')) print('Cheaper than the baseline: lower it with pnpm bench --write-baseline')
  const failed = lines.filter(({ verdict }) => verdict === 'dearer').length
  print(`\n${lines.length - failed} passed, ${failed} failed`)
  return failed === 0
}

/** Counts and writes the baseline. */
export async function writeBaseline(theatre: Theatre, place: GatePlace, because: string | undefined, progress: Progress): Promise<Baseline> {
  const valgrind = valgrindVersion()
  if (valgrind === undefined) throw new UsageError(missingValgrind)
  const rows = await countInstructions(theatre, gatedVariants(), gatePlan, place.lanes, progress)
  const changelog = readFileSync(place.changelog, 'utf8')
  const baseline = nextBaseline(rows, readBaseline(place.file), { node: place.nodeVersion, valgrind, because, changelog })
  writeFileSync(place.file, `${JSON.stringify(baseline, null, 2)}\n`)
  return baseline
}
