import { judge } from '../bars.js'
import type { PairedRow } from '../instruments/paired.js'
import { comparisonTo, type Results, showAdded, showInterval, showRatio } from '../results.js'
import { serverNames } from '../servers/application.js'
import { baseOf } from '../scenario.js'
import { alignTable, type Column } from './table.js'
import { scaleLines } from './scale.js'

const kinds: Readonly<Record<PairedRow['kind'], string>> = { floor: '', ours: '*', peer: '', control: 'A/A', other: 'ref' }

const pairedColumns: readonly Column[] = [
  { title: '' },
  { title: '', align: 'left' },
  { title: 'us' },
  { title: 'added' },
  { title: 'ratio' },
  { title: '95% interval' },
  { title: 'to bare' },
]

/** The first lines: where, on what, and how sure. */
export function headLines({ machine, node, date, versions, against }: Results): string[] {
  const pinned = machine.pinned ? 'pinned to cores' : 'not pinned to cores'
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}; ${pinned}`,
    `Node ${node}, ${date.slice(0, 10)}${against === undefined ? '' : `, against ${against}`}`,
    ...wrap(names.join(', '), 118),
    ...(machine.load > 0.5
      ? [`This machine is busy (load ${machine.load.toFixed(1)} per core before the start): ratios are less sure than they could be.`]
      : []),
  ]
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

function pairedLines({ paired, against }: Results): string[] {
  if (paired === undefined) return []
  const { generations, generationsOfRest, rounds, roundsOfRest, requests, floors, rows } = paired
  const isMixed = generations !== generationsOfRest
  const rest = isMixed ? ` (what no promise is about: ${generationsOfRest} x ${roundsOfRest})` : ''
  const how = `${generations} generations of processes x ${rounds} rounds x ${requests} requests${rest}`
  const lines = ['', `CPU time of the server per request, in pairs: ${how}`]
  for (const server of serverNames) {
    const own = rows.filter((row) => row.server === server)
    const floor = floors[server] ?? 0
    if (own.length === 0) continue
    const control = own.find(({ kind }) => kind === 'control')?.comparisons[0]
    const base = own.find(({ id }) => id === baseOf(server))
    lines.push('', `${server}, compared with: ${base?.title}${control === undefined ? '' : `; A/A ${showInterval(control)}`}`)
    const cells = own.map((row) => {
      const [toBase] = row.comparisons
      const toBare = comparisonTo(row, `${server}/bare`)
      const start = [kinds[row.kind], row.title, row.microseconds.toFixed(1)]
      const bare = toBare === undefined || server === 'node' ? '' : toBare.ratio.toFixed(3)
      if (row === base || toBase === undefined) return [...start, '', '', '', bare]
      return [...start, showAdded(toBase, floor), showRatio(toBase, floor), showInterval(toBase), bare]
    })
    lines.push(...alignTable(pairedColumns, cells))
    for (const row of own) {
      for (const { to, ratio, low, high } of row.comparisons.slice(1)) {
        if (to === `${server}/bare` || to === baseOf(server)) continue
        const name = row.kind === 'other' ? `${row.title} (${against})` : row.title
        lines.push(`     ${name} to ${to}: ${ratio.toFixed(3)} (${showInterval({ low, high })})`)
      }
    }
  }
  return lines
}

function throughputLines({ throughput }: Results): string[] {
  if (throughput === undefined) return []
  const left: Column = { title: '', align: 'left' }
  const columns = [left, left, { title: 'requests/s' }, { title: 'p50 ms' }, { title: 'p99 ms' }]
  const rows = throughput.map(({ server, title, requestsPerSecond, latency }) => [
    server, title, Math.round(requestsPerSecond).toString(), (latency[2] ?? 0).toFixed(2), (latency[6] ?? 0).toFixed(2),
  ])
  return ['', 'Throughput (autocannon) and latency under full load; never the basis of a claim about 1%', ...alignTable(columns, rows)]
}

function percent(ratio: number): string {
  return `${ratio < 1 ? '' : '+'}${((ratio - 1) * 100).toFixed(1)}%`
}

function exactLines({ exact }: Results): string[] {
  if (exact === undefined) return []
  const columns: Column[] = [{ title: '', align: 'left' }, { title: 'instructions' }, { title: 'to base' }, { title: 'to bare' }]
  const rows = exact.rows.map(({ id, instructions, toBase, toBare }) => [id, Math.round(instructions).toString(), percent(toBase), percent(toBare)])
  const title = `Instructions per request (valgrind ${exact.valgrind}, ${exact.count} requests after ${exact.warmUp}, in-memory transport)`
  return ['', title, ...alignTable(columns, rows)]
}

function verdictLines(results: Results): string[] {
  const verdicts = judge(results)
  if (verdicts.length === 0) return []
  const columns: Column[] = [{ title: 'bar', align: 'left' }, { title: 'limit' }, { title: 'found' }, { title: '', align: 'left' }]
  return ['', ...alignTable(columns, verdicts.map(({ bar, limit, found, verdict }) => [bar, limit, found, verdict === 'missed' ? 'MISSED' : verdict]))]
}

/** The whole report as text. */
export function terminalReport(results: Results): string {
  const skipped = results.skipped.map((line) => `skipped: ${line}`)
  return [
    ...headLines(results),
    ...pairedLines(results),
    ...throughputLines(results),
    ...exactLines(results),
    ...scaleLines(results),
    ...verdictLines(results),
    ...(skipped.length > 0 ? ['', ...skipped] : []),
    '',
    `* this library; ${results.seconds.toFixed(0)} s`,
  ].join('\n')
}
