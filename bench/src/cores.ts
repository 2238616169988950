import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The core that servers run on, and the one for the load: on one core they would take turns. */
export interface Cores {
  readonly server: string
  readonly load: string
}

/** The numbers in a list of ranges as Linux writes it: `0-2,5`. */
export function coresInList(list: string): number[] {
  return list
    .trim()
    .split(',')
    .flatMap((range) => {
      const [first, last = first] = range.split('-').map(Number) as [number, number?]
      return Array.from({ length: last - first + 1 }, (_, index) => first + index)
    })
}

/** Two cores to pin to, or `undefined` where there are not two, or no `taskset` and `chrt`, which come together. */
export function chooseCores(): Cores | undefined {
  if (process.platform !== 'linux' || ['taskset', 'chrt'].some((tool) => spawnSync(tool, ['--version']).status !== 0)) return undefined
  const allowed = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  const cores = coresInList(allowed ?? '0')
  // The last ones: the first is where most systems handle their interrupts.
  const [load, server] = cores.slice(-2)
  return server === undefined ? undefined : { server: String(server), load: String(load) }
}
