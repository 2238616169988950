import { median } from 'simple-statistics'
import { Child } from '../child.js'
import type { Theatre } from '../stage.js'

/** How long a backlog of tasks took. */
export interface DrainRow {
  readonly scheduler: string
  readonly kind: 'sync' | 'async'
  readonly tasks: number
  /** From the moment they could start until all were done: the median of the repetitions. */
  readonly ms: number
  readonly nanosecondsEach: number
  /** Heap of one waiting task. */
  readonly bytesEach: number
}

/** The library, what it replaces, and the least that can be done. */
const schedulers = ['ours', 'plain loop', 'setImmediate each', 'fastq', 'p-queue'] as const

/** Measures how long it takes until many tasks behind one response are done. */
export async function measureDrain({ node, folder }: Theatre, amounts: readonly number[], repetitions: number): Promise<DrainRow[]> {
  const rows: DrainRow[] = []
  for (const scheduler of schedulers) {
    for (const kind of ['sync', 'async'] as const) {
      for (const tasks of amounts) {
        const found: { ms: number; bytes: number }[] = []
        for (let repetition = 0; repetition < repetitions; repetition++) {
          const child = Child.start({ folder, name: 'backlog', args: [scheduler, kind, String(tasks)], node, flags: ['--expose-gc'] })
          try {
            found.push(await child.next())
          } finally {
            await child.stop()
          }
        }
        const ms = median(found.map((each) => each.ms))
        const bytesEach = median(found.map(({ bytes }) => bytes)) / tasks
        rows.push({ scheduler, kind, tasks, ms, nanosecondsEach: (ms * 1e6) / tasks, bytesEach })
      }
    }
  }
  return rows
}
