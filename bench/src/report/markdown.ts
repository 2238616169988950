import { judge } from '../bars.js'
import type { PairedRow } from '../instruments/paired.js'
import { type Results, rowOf, showRatio } from '../results.js'
import { scenarios } from '../scenario.js'
import { type ServerName, serverNames } from '../servers/application.js'
import { markdownTable } from './table.js'

/** What stands around the generated part of a page. */
const markers = ['<!-- bench -->', '<!-- /bench -->'] as const

/** What the README shows, in this order. */
const shown = [
  'idle', 'on-commit', 'after-1', 'idle-ambient', 'on-finished-on-headers', 'on-response', 'pino-http',
]

const headings: Readonly<Record<ServerName, string>> = { node: '`node:http`', express: 'Express 5', fastify: 'Fastify 5' }

function cell(row: PairedRow | undefined, floor: number): string {
  const comparison = row?.comparisons[0]
  if (comparison === undefined) return ''
  const { ratio, low, high } = comparison
  if (showRatio(comparison, floor) === 'within noise') return 'within noise'
  return `${ratio.toFixed(3)} ± ${(Math.max(high - ratio, ratio - low)).toFixed(3)}`
}

function where({ machine, date, versions }: Results): string {
  return `${machine.cpu}, ${machine.cores} cores, ${date.slice(0, 10)}, Express ${versions['express']}, Fastify ${versions['fastify']}.`
}

/** The table that the README shows: a column per server and version of Node. */
export function markdownReport(found: readonly Results[]): string {
  // Where only instructions were counted there is no CPU time to show.
  const all = found.filter(({ paired }) => paired !== undefined)
  if (all.length === 0) return ''
  const columns = serverNames.flatMap((server) => all.map((results) => ({ server, results })))
  const bare = columns.map(({ server, results }) => `${rowOf(results, `${server}/bare`)?.microseconds.toFixed(1) ?? '-'} us`)
  const rows = shown.flatMap((id) => {
    const cells = columns.map(({ server, results }) => cell(rowOf(results, `${server}/${id}`), results.paired?.floors[server] ?? 0))
    const scenario = scenarios.find((each) => each.id === id)
    if (scenario === undefined || cells.every((text) => text === '')) return []
    return [[scenario.kind === 'ours' ? `**${scenario.title}**` : scenario.title, ...cells]]
  })
  const table = markdownTable(
    [{ title: '', align: 'left' }, ...columns.map(({ server, results }) => ({ title: `${headings[server]}, ${Number.parseInt(results.node)}` }))],
    [['a bare request', ...bare], ...rows],
  )
  return `${table}\n\n${[...new Set(all.map(where))].join('\n')}`
}

/** The table of promises that stands in `bench/README.md`: what was found on each version of Node, and whether it is enough. */
export function markdownBars(all: readonly Results[]): string {
  if (all.length === 0) return ''
  const judged = all.map((results) => new Map(judge(results).map((verdict) => [verdict.bar, verdict])))
  const bars = [...new Set(judged.flatMap((verdicts) => [...verdicts.keys()]))]
  const rows = bars.map((bar) => {
    const limits = new Set(judged.flatMap((verdicts) => verdicts.get(bar)?.limit ?? []))
    const cells = judged.map((verdicts) => {
      const { found, verdict } = verdicts.get(bar) ?? {}
      return found === undefined ? '' : `${found}: ${verdict}`
    })
    return [bar, [...limits].join(', '), ...cells]
  })
  const columns = [{ title: 'bar', align: 'left' as const }, { title: 'limit' }, ...all.map(({ node }) => ({ title: `Node ${Number.parseInt(node)}` }))]
  return markdownTable(columns, rows)
}

/** Replaces what stands between the markers of a page; a page without them is an error. */
export function placeBetweenMarkers(page: string, content: string): string {
  const [open, close] = markers
  const start = page.indexOf(open)
  const end = page.indexOf(close, start)
  if (start < 0 || end < 0) throw new Error(`The page has no ${open} ... ${close}`)
  return `${page.slice(0, start + open.length)}\n${content}\n${page.slice(end)}`
}

/** What stands between the markers of a page, or `undefined` where there are none. */
export function betweenMarkers(page: string): string | undefined {
  const [open, close] = markers
  const start = page.indexOf(open)
  const end = page.indexOf(close, start)
  return start < 0 || end < 0 ? undefined : page.slice(start + open.length, end).trim()
}
