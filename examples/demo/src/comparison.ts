import type { Terminal } from './terminal.js'
import { differences, type Verdict } from './verdict.js'
import type { Visit } from './visits.js'

/** What each server made of one visit, in the order of the servers. */
export interface Comparison {
  readonly visit: Visit
  readonly verdicts: readonly Verdict[]
}

/** Whether every server made of it what every server must. */
export function agrees({ visit, verdicts }: Comparison): boolean {
  return verdicts.every((verdict) => differences(verdict, visit.expected).length === 0)
}

/** The closing table: a row for each visit, a column for each server. */
export function tableOf(comparisons: readonly Comparison[], servers: readonly string[], terminal: Terminal): string[] {
  const titleWidth = terminal.width >= wideEnoughForTitles ? Math.max(...comparisons.map(({ visit }) => visit.title.length)) + 2 : 0
  const head = line(['', '', 'ended', 'status', 'how', 'tasks', 'faults'], titleWidth)
  return [
    terminal.paint('dim', `${head}  ${servers.join(' ')}`),
    ...comparisons.flatMap(({ visit, verdicts }, index) => {
      const { expected } = visit
      const how = expected.header ?? [expected.reason, expected.position].filter(Boolean).join(' ')
      const counts = [String(expected.tasks.length), String(expected.faults.length)] as const
      const row = line([String(index + 1), visit.title, expected.kind, String(expected.status ?? '-'), how, ...counts], titleWidth)
      const gaps = verdicts.map((verdict) => differences(verdict, expected))
      return [
        `${row}  ${gaps.map((found, column) => mark(found.length === 0, servers[column] as string, terminal)).join(' ')}`.trimEnd(),
        ...gaps.flatMap((found, column) => found.map((gap) => terminal.paint('red', `   ${servers[column]}: ${gap}`))),
      ]
    }),
  ]
}

const wideEnoughForTitles = 118

type Cells = readonly [number: string, title: string, ended: string, status: string, how: string, tasks: string, faults: string]

function line([number, title, ended, status, how, tasks, faults]: Cells, titleWidth: number): string {
  const left = ` ${number.padStart(2)} ${title.padEnd(titleWidth).slice(0, titleWidth)}${ended.padEnd(9)}${status.padEnd(7)}`
  return `${left}${how.padEnd(20)}${tasks.padStart(6)}${faults.padStart(7)}`
}

/** A mark in the middle of its server's column. */
function mark(same: boolean, server: string, terminal: Terminal): string {
  const left = Math.floor(server.length / 2)
  const char = terminal.paint(same ? 'green' : 'red', same ? '✓' : '✗')
  return `${' '.repeat(left)}${char}${' '.repeat(server.length - left - 1)}`
}
