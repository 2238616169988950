import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { baseOf, type Variant } from '../scenario.js'
import type { Theatre } from '../stage.js'
import type { Progress } from './paired.js'

/** How many requests come before those that count, and how many count. */
export interface ExactPlan {
  readonly warmUp: number
  readonly count: number
  /** Flags of Node, besides those that make it deterministic. */
  readonly flags?: readonly string[]
}

/**
 * V8 goes on compiling and taking back for tens of thousands of requests, and not for every server at the same time: behind 30 000, a bare
 * server was seen to execute more than one with a task.
 */
export const exactPlan: ExactPlan = { warmUp: 60_000, count: 10_000 }

/**
 * What the gate counts: the same without a compiler. What V8 compiles when, and takes back, hangs on a hair: a change that costs nothing
 * moves compiled counts by more than the gate tolerates. What the interpreter executes changes with the code only, and settles at once.
 */
export const gatePlan: ExactPlan = { warmUp: 500, count: 1000, flags: ['--jitless'] }

/** Instructions of one variant. */
export interface ExactRow {
  readonly id: string
  readonly title: string
  /** Instructions per request. */
  readonly instructions: number
  /** Instructions per request over those of the bare server, and of the base, in the same run. */
  readonly toBare: number
  readonly toBase: number
}

/** What the exact instrument found. */
export interface ExactResults extends ExactPlan {
  readonly valgrind: string
  readonly rows: readonly ExactRow[]
}

/** How to get what this instrument needs. */
export const missingValgrind = 'valgrind is not installed (apt-get install valgrind)'

/** The version of valgrind, or `undefined` where there is none. */
export function valgrindVersion(): string | undefined {
  const { stdout, status } = spawnSync('valgrind', ['--version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim().replace(/^valgrind-/, '') : undefined
}

/** Everything that differs from run to run is off: threads, the clock that V8 sees, hash seeds. */
const deterministic = ['--single-threaded', '--predictable', '--hash-seed=1', '--random-seed=1']

/** The counters at each call of `gethostname`, which the child makes before and after the requests that count. */
export function countBetweenMarks(dumps: readonly string[], count: number): number {
  const total = /^totals: (\d+)$/m.exec(dumps[1] ?? '')?.[1]
  if (total === undefined) throw new Error('callgrind did not see the marks')
  return Number(total) / count
}

/** Counts the instructions of one variant per request. The same program counts the same within 0.1%, on a busy machine too. */
function countOnce({ node, folder, otherFolder }: Theatre, variant: Variant, { warmUp, count, flags = [] }: ExactPlan): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), 'afterword-exact-'))
  const out = join(scratch, 'counts')
  const child = join(variant.role === 'other' ? (otherFolder as string) : folder, 'exact.mjs')
  const args = ['--tool=callgrind', `--callgrind-out-file=${out}`, '--dump-before=gethostname', node, ...deterministic, ...flags, child]
  args.push(variant.server, variant.application, String(warmUp), String(count))
  const env = { PATH: process.env['PATH'], NODE_ENV: 'production' }
  return new Promise((resolve, reject) => {
    execFile('valgrind', args, { env, maxBuffer: 1e8 }, (error, _stdout, stderr) => {
      try {
        if (error !== null) throw new Error(`valgrind failed on ${variant.id}: ${stderr.slice(-2000)}`)
        resolve(countBetweenMarks([1, 2].map((index) => readFileSync(`${out}.${index}`, 'utf8')), count))
      } catch (problem) {
        reject(problem as Error)
      } finally {
        rmSync(scratch, { recursive: true, force: true })
      }
    })
  })
}

/** Counts the instructions of variants, `lanes` at a time: what else runs does not change a count. */
export async function countInstructions(
  theatre: Theatre,
  variants: readonly Variant[],
  plan: ExactPlan,
  lanes: number,
  progress: Progress,
): Promise<ExactRow[]> {
  const counts = new Map<string, number>()
  const queue = [...variants]
  const lane = async () => {
    for (let variant = queue.shift(); variant !== undefined; variant = queue.shift()) {
      progress(counts.size / variants.length, `counting the instructions of ${variant.id}`)
      counts.set(variant.id, await countOnce(theatre, variant, plan))
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return variants.map(({ id, server, scenario }) => {
    const instructions = counts.get(id) as number
    const over = (other: string) => instructions / (counts.get(other) ?? Number.NaN)
    return { id, title: scenario.title, instructions, toBare: over(`${server}/bare`), toBase: over(baseOf(server)) }
  })
}
