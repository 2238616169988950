import type { Results } from '../results.js'
import { alignTable } from './table.js'

const left = { title: '', align: 'left' } as const

/** The scale measurements as text. */
export function scaleLines({ scale }: Results): string[] {
  if (scale === undefined) return []
  const { memory, drain, tasks, fairness } = scale
  return [
    '',
    `Heap per request in flight, ${memory[0]?.inFlight} at a time, each on a connection of its own`,
    ...alignTable(
      [left, left, { title: 'bytes' }, { title: 'over bare' }],
      memory.map(({ server, variant, bytesEach, overBare }) => [server, variant, bytesEach.toFixed(0), `+${overBare.toFixed(0)}`]),
    ),
    '',
    'Tasks per request on node:http, over calling the function in the handler',
    ...alignTable(
      [left, { title: 'tasks' }, { title: 'us/request' }, { title: 'ns/task' }, { title: '95% interval' }],
      tasks.map((row) => [
        row.by === 'ours' ? row.kind : `${row.kind}, the least`, `${row.tasks}`, row.addedPerRequest.toFixed(1), row.perTask.toFixed(0),
        `${row.perTaskLow.toFixed(0)} to ${row.perTaskHigh.toFixed(0)}`,
      ]),
    ),
    '',
    'Draining a backlog behind one response',
    ...alignTable(
      [left, left, { title: 'tasks' }, { title: 'ms' }, { title: 'ns/task' }, { title: 'bytes/task' }],
      drain.map((row) => [
        row.scheduler, row.kind, `${row.tasks}`, row.ms.toFixed(1), row.nanosecondsEach.toFixed(0), row.bytesEach.toFixed(0),
      ]),
    ),
    '',
    'p99 of other requests while 1000 tasks of 1 ms run behind one response',
    ...alignTable(
      [left, left, left, { title: 'before ms' }, { title: 'during ms' }, { title: 'times' }, { title: 'work ms' }, { title: 'answered' }],
      fairness.map((row) => [
        row.server, row.variant, row.load, row.idleP99.toFixed(2), row.busyP99.toFixed(2), row.times.toFixed(1),
        row.workMs.toFixed(0), `${row.answered}`,
      ]),
    ),
  ]
}
