/**
 * What tasks cost: `pnpm --filter @afterword/bench run tasks [cost] [context] [places] [fairness] [render]`. Without a word, all of them.
 * Writes what it found to `results/tasks.json`, keeping the parts that were not measured, and the tables of `docs/tasks.md`.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { median } from 'simple-statistics'
import { bundle, bundleFolder, repository } from './bundle.js'
import { chooseCores } from './cores.js'
import { describeMachine, peerVersions } from './machine.js'
import { showProgress } from './progress.js'
import { findRuntimes, type Runtime } from './runtime.js'
import { type FairnessRow, measureFairness } from './scale/fairness.js'
import type { Theatre } from './stage.js'
import { type CostPlan, type CostRow, measureCost } from './tasks/cost.js'
import { type Part, parts, readResults, renderPage, resultsFile, type TaskResults } from './tasks/page.js'
import { measurePlaces } from './tasks/places.js'

const costPlan: CostPlan = {
  schedulers: ['afterword', 'afterword, context: false', 'p-queue', 'fastq'],
  amounts: [1, 10, 100],
  timed: [false, true],
  generations: 4,
  rounds: 10,
}
const contextPlan: CostPlan = {
  ...costPlan,
  schedulers: ['afterword', 'afterword, one task without', 'afterword, context: false'],
  amounts: [10],
  timed: [false],
}

const fairnessRuns = 5

const asked = new Set(process.argv.slice(2))
const has = (part: Part): boolean => asked.size === 0 || asked.has(part)
const { progress, clear } = showProgress(process.stderr)
const build = join(bundleFolder, `${process.pid}`)

async function onEach(runtimes: readonly Runtime[], theatre: Omit<Theatre, 'node'>, plan: CostPlan): Promise<CostRow[]> {
  const rows: CostRow[] = []
  for (const { version, path } of runtimes) rows.push(...(await measureCost({ ...theatre, node: path }, version, plan, progress)))
  return rows
}

/** The tail of an event loop needs more than one run: the median of each figure. */
async function measureFairnessOften(theatre: Theatre): Promise<FairnessRow[]> {
  const runs: FairnessRow[][] = []
  for (let run = 0; run < fairnessRuns; run++) {
    progress(run / fairnessRuns, 'fairness')
    runs.push(await measureFairness(theatre, ['node'], ['quiet', 'busy']))
  }
  return (runs[0] as FairnessRow[]).map((row, index) => {
    const middle = (figure: 'idleP99' | 'busyP99' | 'times' | 'workMs' | 'answered') => median(runs.map((rows) => (rows[index] as FairnessRow)[figure]))
    return { ...row, idleP99: middle('idleP99'), busyP99: middle('busyP99'), times: middle('times'), workMs: middle('workMs'), answered: middle('answered') }
  })
}

async function measure(): Promise<TaskResults> {
  const folder = await bundle(repository, `${process.pid}/here`)
  const theatre = { folder, cores: chooseCores() }
  const here = { ...theatre, node: process.execPath }
  const before: TaskResults | undefined = existsSync(resultsFile) ? readResults() : undefined
  const machine = describeMachine(theatre.cores !== undefined)
  const loads = Object.fromEntries(parts.map((part) => [part, has(part) || before === undefined ? machine.load : before.loads[part]]))
  return {
    date: new Date().toISOString(),
    machine,
    node: process.versions.node,
    versions: peerVersions(),
    cost: has('cost') || before === undefined ? await onEach(findRuntimes(['20', '24']), theatre, costPlan) : before.cost,
    context: has('context') || before === undefined ? await onEach(findRuntimes(['20', '22', '24', '26']), theatre, contextPlan) : before.context,
    places: has('places') || before === undefined ? await measurePlaces(here) : before.places,
    fairness: has('fairness') || before === undefined ? await measureFairnessOften(here) : before.fairness,
    loads: loads as Record<Part, number>,
  }
}

try {
  if (!asked.has('render')) {
    const results = await measure()
    mkdirSync(dirname(resultsFile), { recursive: true })
    writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`)
  }
  renderPage()
} finally {
  clear()
  rmSync(build, { recursive: true, force: true })
}
