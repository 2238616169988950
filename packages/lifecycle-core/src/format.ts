import type { DrainReport, LostTask } from './report.js'

/** A report prints at most so many lines of each kind; the rest is counted. */
const longestList = 20

/**
 * Writes a drain report for people, in lines without a colour.
 *
 * @example
 * ```ts
 * console.log(formatDrainReport(await lifecycle.drain({ server })))
 * ```
 */
export function formatDrainReport(report: DrainReport): string {
  const { clean, durationMs, phases, exchanges, connections, tasks } = report
  const steps = [
    ['not ready', phases.readiness],
    ['waited', phases.wait],
    ['hurried', phases.hurry],
    ['cut', phases.cut],
    ['handed over', phases.handOver],
  ] as const
  const taken = steps.filter(([name, ms]) => ms > 0 || name === 'waited').map(([name, ms]) => `${name} ${time(ms)}`)
  const lines = [
    clean ? `Drained in ${time(durationMs)}. Nothing was lost.` : `Drained in ${time(durationMs)}, NOT clean: ${losses(report)}.`,
    `  time       ${taken.join(', ')}`,
    `  exchanges  ${exchanges.inFlightAtStart} in flight, ${exchanges.arrived} arrived (${exchanges.rejected} rejected), ${exchanges.cut.length} cut`,
    `  tasks      ${tasks.pendingAtStart} pending + ${tasks.scheduled} scheduled = ${sum(tasks)}`,
  ]
  if (connections.severed > 0) lines.push(`  severed    ${count(connections.severed, 'connection')} without an exchange`)
  const stuck = exchanges.stuck.map(({ method, route, count: times, oldestMs }) => [
    `${times} x`,
    `${method} ${route ?? '(no route)'}`,
    oldestMs === null ? '' : `oldest ${time(oldestMs)}`,
  ])
  lines.push(...list('Handlers that never ended:', stuck))
  const unflushed = exchanges.cut.filter(({ position }) => position === 'unflushed')
  lines.push(...list('Responses that their clients did not read:', unflushed.map(({ method, url, exchangeId }) => [`${method} ${url}`, exchangeId])))
  lines.push(...list('Tasks that were abandoned:', grouped(tasks.lost)))
  return lines.join('\n')
}

function losses({ exchanges, tasks }: DrainReport): string {
  const handedOver = tasks.lost.filter((task) => task.handedOver).length
  const parts = []
  if (exchanges.cut.length > 0) parts.push(`${count(exchanges.cut.length, 'exchange')} cut`)
  if (tasks.abandoned > 0) parts.push(`${count(tasks.abandoned, 'task')} abandoned${handedOver > 0 ? `, ${handedOver} of them handed over` : ''}`)
  return parts.join(', ')
}

function sum({ completed, failed, timedOut, cancelled, refused, abandoned }: DrainReport['tasks']): string {
  const parts = { completed, failed, 'timed out': timedOut, cancelled, refused, abandoned }
  const named = Object.entries(parts).filter(([, number]) => number > 0)
  return named.length === 0 ? '0' : named.map(([name, number]) => `${number} ${name}`).join(' + ')
}

/** Tasks that differ in age and exchange only share a line. */
function grouped(lost: readonly LostTask[]): string[][] {
  const groups = new Map<string, LostTask[]>()
  for (const task of lost) {
    const key = JSON.stringify([task.name, task.route, task.state, task.handedOver])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [task])
    else group.push(task)
  }
  return [...groups.values()].map((tasks) => {
    const { name, route, state, handedOver, exchangeId } = tasks[0] as LostTask
    const oldest = tasks.reduce((most, { ageMs }) => Math.max(most, ageMs), 0)
    const where = tasks.length === 1 ? exchangeId : `${exchangeId} and ${tasks.length - 1} more`
    return [`${tasks.length} x`, name, state, time(oldest), route ?? '(no route)', where, handedOver ? 'handed over' : '']
  })
}

/** Rows in columns under a title, or nothing. */
function list(title: string, rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const shown = rows.slice(0, longestList)
  const widths = (shown[0] as string[]).map((_, column) => Math.max(...shown.map((row) => (row[column] as string).length)))
  const lines = shown.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] as number)).join('  ')}`.trimEnd())
  const rest = rows.length - shown.length
  return [title, ...lines, ...(rest > 0 ? [`  and ${rest} more`] : [])]
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function time(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
