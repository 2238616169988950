import type { Rig } from './rig.js'
import type { Rule } from './rule.js'
import { rules } from './rules/index.js'
import { runRule, type Result } from './run.js'

/** Which rules to run. */
export interface TableOptions {
  /** Those whose id or title it matches. Default: all. */
  only?: RegExp
  /** Takes each line. Default: `console.log`. */
  print?: (line: string) => void
}

/** What became of the rules. */
export interface Table {
  readonly rules: readonly Rule[]
  readonly results: readonly Result[]
  readonly passed: number
  readonly failed: number
}

const marks: Record<Result['state'], string> = { passed: 'ok', failed: 'FAIL', 'left out': '-' }

/**
 * Runs the rules on these servers, one after the other, and prints the table: a row per rule, what failed, and what was
 * left out for which reason.
 *
 * @example
 * ```ts
 * const { failed } = await runTable([rig], { only: /^(END|COM)-/ })
 * process.exitCode = failed > 0 ? 1 : 0
 * ```
 */
export async function runTable(rigs: readonly Rig[], { only = /./, print = console.log }: TableOptions = {}): Promise<Table> {
  const chosen = rules.filter(({ id, title }) => only.test(id) || only.test(title))
  const results: Result[] = []
  print(`Node ${process.versions.node}\n\n${'rule'.padEnd(9)}${rigs.map(({ name }) => name.padEnd(13)).join('')}`)
  for (const rule of chosen) {
    const row: Result[] = []
    for (const rig of rigs) row.push(await runRule(rule, rig))
    results.push(...row)
    print(`${rule.id.padEnd(9)}${row.map(({ state }) => marks[state].padEnd(13)).join('')}${rule.title}`)
  }
  for (const { rule, rig, state, detail } of results) if (state === 'failed') print(`\n${rule} on ${rig}:\n${detail}`)
  const reasons = new Set(results.flatMap(({ rig, state, detail }) => (state === 'left out' ? [`${rig}: ${detail}`] : [])))
  if (reasons.size > 0) print(`\nleft out (-):\n  ${[...reasons].join('\n  ')}`)
  const count = (state: Result['state']) => results.filter((result) => result.state === state).length
  const [passed, failed] = [count('passed'), count('failed')]
  print(`\n${passed} passed, ${failed} failed`)
  return { rules: chosen, results, passed, failed }
}
