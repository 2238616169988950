import type { PairedRow } from '../instruments/paired.js'
import { type Results, rowOf, showInterval, showRatio } from '../results.js'
import { scenarios } from '../scenario.js'
import { type ServerName, serverNames } from '../servers/application.js'
import { markdownTable } from './table.js'

/** What stands around the generated part of a page. */
const markers = ['<!-- bench -->', '<!-- /bench -->'] as const

/** What the README shows, in this order. */
const shown = [
  'idle', 'on-commit', 'outcome', 'after-1', 'after-10', 'idle-ambient', 'als-run', 'on-finished', 'on-finished-on-headers', 'on-response',
  'p-queue', 'morgan', 'pino-http', 'opentelemetry',
]

const headings: Readonly<Record<ServerName, string>> = {
  node: '`node:http`, to a bare server',
  express: 'Express 5, to a no-op middleware',
  fastify: 'Fastify 5, to a no-op hook',
}

function cell(row: PairedRow | undefined, floor: number): string {
  const comparison = row?.comparisons[0]
  if (comparison === undefined) return ''
  const ratio = showRatio(comparison, floor)
  return ratio === 'within noise' ? ratio : `${ratio} (${showInterval(comparison)})`
}

/** The tables that the README shows: one per version of Node. */
export function markdownReport(all: readonly Results[]): string {
  return all
    .map((results) => {
      const { machine, node, date, versions, paired } = results
      const rows = shown.flatMap((id) => {
        const cells = serverNames.map((server) => cell(rowOf(results, `${server}/${id}`), paired?.floors[server] ?? 0))
        const scenario = scenarios.find((each) => each.id === id)
        if (scenario === undefined || cells.every((text) => text === '')) return []
        return [[scenario.kind === 'ours' ? `**${scenario.title}**` : scenario.title, ...cells]]
      })
      const microseconds = serverNames.map((server) => `${rowOf(results, `${server}/bare`)?.microseconds.toFixed(1) ?? '-'} us`)
      const table = markdownTable(
        [{ title: `Node ${node}`, align: 'left' }, ...serverNames.map((server) => ({ title: headings[server] }))],
        [['a bare request', ...microseconds], ...rows],
      )
      const where = `${machine.cpu}, ${machine.cores} cores, ${date.slice(0, 10)}, Express ${versions['express']}, Fastify ${versions['fastify']}`
      return `${table}\n\n${where}; ${paired?.generations ?? 0} generations of processes.`
    })
    .join('\n\n')
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
