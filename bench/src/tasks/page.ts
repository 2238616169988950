import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../bundle.js'
import type { Machine } from '../machine.js'
import type { FairnessRow } from '../scale/fairness.js'
import { burnTasks } from '../work.js'
import { markdownTable } from '../report/table.js'
import type { CostRow } from './cost.js'
import { type PlacesRow, upstreamMs } from './places.js'

/** What the measurements of tasks found. */
export interface TaskResults {
  readonly date: string
  readonly machine: Machine
  readonly node: string
  readonly versions: Readonly<Record<string, string>>
  readonly cost: readonly CostRow[]
  readonly context: readonly CostRow[]
  readonly places: readonly PlacesRow[]
  readonly fairness: readonly FairnessRow[]
  /** What else the machine had to do while a part was measured, per core. */
  readonly loads: Readonly<Record<Part, number>>
}

/** What is measured of tasks. */
export const parts = ['cost', 'context', 'places', 'fairness'] as const

/** One of {@link parts}. */
export type Part = (typeof parts)[number]

/** Where the committed results lie. */
export const resultsFile = join(repository, 'bench/results/tasks.json')
/** The page that shows them. */
const pageFile = join(repository, 'docs/tasks.md')

const left = { title: '', align: 'left' } as const

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}

function costCells(rows: readonly CostRow[], amounts: readonly number[], timed: readonly boolean[], show: (row: CostRow) => string): string[] {
  return timed.flatMap((each) => amounts.map((tasks) => {
    const row = rows.find((one) => one.tasks === tasks && one.timed === each)
    return row === undefined ? '' : show(row)
  }))
}

function costTables({ cost }: TaskResults): string {
  const amounts = unique(cost.map(({ tasks }) => tasks))
  const timed = [false, true]
  const headings = timed.flatMap((each) => amounts.map((tasks) => ({ title: `${tasks}${each ? ', timed' : ''}` })))
  return unique(cost.map(({ node }) => node))
    .map((node) => {
      const here = cost.filter((row) => row.node === node)
      const rows = unique(here.map(({ scheduler }) => scheduler)).flatMap((scheduler) => {
        const own = here.filter((row) => row.scheduler === scheduler)
        return [
          [scheduler, 'ns', ...costCells(own, amounts, timed, (row) => `${row.nanoseconds.toFixed(0)} (${row.low.toFixed(0)} to ${row.high.toFixed(0)})`)],
          ['', 'bytes', ...costCells(own, amounts, timed, (row) => row.bytes.toFixed(0))],
        ]
      })
      return markdownTable([{ ...left, title: `Node ${node}` }, left, ...headings], rows)
    })
    .join('\n\n')
}

function contextTable({ context }: TaskResults): string {
  const nodes = unique(context.map(({ node }) => node))
  const rows = unique(context.map(({ scheduler }) => scheduler)).map((scheduler) => [
    scheduler,
    ...nodes.map((node) => {
      const row = context.find((each) => each.node === node && each.scheduler === scheduler) as CostRow
      return `${row.nanoseconds.toFixed(0)} ns, ${row.bytes.toFixed(0)} bytes`
    }),
  ])
  return markdownTable([left, ...nodes.map((node) => ({ title: `Node ${node}` }))], rows)
}

function placesTable({ places }: TaskResults): string {
  const columns = [{ title: '`concurrency`' }, { title: 'tasks per second' }, { title: 'p99 of the event loop\'s delay' }, { title: 'memory' }]
  const rows = places.map(({ concurrency, perSecond, lateP99, megabytes }) => [
    String(concurrency), perSecond.toFixed(0), `${lateP99.toFixed(1)} ms`, `${megabytes.toFixed(0)} MB`,
  ])
  return markdownTable(columns, rows)
}

function fairnessTable({ fairness }: TaskResults): string {
  const columns = [left, left, { title: 'p99 before' }, { title: 'p99 meanwhile' }, { title: 'replies per task' }]
  const rows = fairness.map(({ variant, load, idleP99, busyP99, answered }) => [
    variant === 'ours' ? 'afterword' : "`res.on('finish')`", load, `${idleP99.toFixed(1)} ms`, `${busyP99.toFixed(1)} ms`, (answered / burnTasks).toFixed(1),
  ])
  return markdownTable(columns, rows)
}

function where({ machine, node, date, versions, loads }: TaskResults): string {
  const besides = parts.map((part) => `${loads[part].toFixed(1)} (${part})`).join(', ')
  const packages = ['p-queue', 'fastq'].map((name) => `${name} ${versions[name]}`).join(', ')
  return `${machine.cpu}, ${machine.cores} cores, ${date.slice(0, 10)}, Node ${node} where none is named, ${packages}. Load per core besides: ${besides}.`
}

/** What stands in the page, by the name in its markers. */
export function sections(results: TaskResults): Readonly<Record<string, string>> {
  return {
    cost: costTables(results),
    context: contextTable(results),
    places: `A call to a server that replies after ${upstreamMs} ms:\n\n${placesTable(results)}`,
    fairness: fairnessTable(results),
    where: where(results),
  }
}

/** Replaces each section of a page. A page that lacks one is an error. */
export function place(page: string, results: TaskResults): string {
  return Object.entries(sections(results)).reduce((text, [name, content]) => {
    const [open, close] = [`<!-- tasks ${name} -->\n`, `\n<!-- /tasks ${name} -->`]
    const start = text.indexOf(open)
    const end = text.indexOf(close, start)
    if (start < 0 || end < 0) throw new Error(`The page has no ${open}`)
    return text.slice(0, start + open.length) + content + text.slice(end)
  }, page)
}

export function readResults(): TaskResults {
  return JSON.parse(readFileSync(resultsFile, 'utf8')) as TaskResults
}

export function readPage(): string {
  return readFileSync(pageFile, 'utf8')
}

/** Writes the committed results into the page. */
export function renderPage(): void {
  writeFileSync(pageFile, place(readPage(), readResults()))
}
