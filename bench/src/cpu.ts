import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Whether the system tells one process what another has used (Linux). */
export const tellsCpuOfOthers = existsSync('/proc/self/schedstat')

/** Whether a process works, or would if it had a core, and does not just wait for events. */
export function isBusy(pid: number): boolean {
  // The name of the program is in parentheses, and may have any character.
  return readFileSync(`/proc/${pid}/stat`, 'latin1').split(')').at(-1)?.startsWith(' R ') === true
}

/** CPU time that a process has used so far, with all its threads, in microseconds. Asking it costs that process nothing. */
export function cpuOf(pid: number): number {
  const tasks = `/proc/${pid}/task`
  const nanoseconds = readdirSync(tasks).map((task) => Number.parseInt(readFileSync(`${tasks}/${task}/schedstat`, 'latin1')))
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1000
}
