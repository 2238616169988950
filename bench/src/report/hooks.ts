import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../bundle.js'
import type { Comparison } from '../statistics.js'
import type { PairedRow } from '../instruments/paired.js'
import { comparisonTo, type Results, rowOf } from '../results.js'
import { type ServerName, serverNames } from '../servers/application.js'
import { markdownTable } from './table.js'

const shown = ['idle', 'guard', 'before-commit', 'body'] as const

/** What was found of the hooks before the commit, as committed. */
export function readHooks(): Results {
  return JSON.parse(readFileSync(join(repository, 'bench/results/hooks.json'), 'utf8')) as Results
}

function cell({ added, addedLow, addedHigh }: Comparison): string {
  return `${added.toFixed(0)} (${addedLow.toFixed(0)} to ${addedHigh.toFixed(0)})`
}

/** The table of docs/before-commit.md: CPU microseconds per request over the same lifecycle without. */
export function hooksTable(results: Results): string {
  const rowIn = (server: ServerName, scenario: string): PairedRow => rowOf(results, `${server}/${scenario}`) as PairedRow
  const columns = [{ title: '', align: 'left' } as const, ...serverNames.map((server) => ({ title: server }))]
  const rows = shown.map((scenario) => [
    rowIn('node', scenario).title,
    ...serverNames.map((server) => cell(comparisonTo(rowIn(server, scenario), rowIn(server, scenario).comparisons[0]?.to as string) as Comparison)),
  ])
  const { machine, node, date } = results
  return `${markdownTable(columns, rows)}\n\n${machine.cpu}, ${machine.cores} cores, Node ${node}, ${date.slice(0, 10)}.`
}
