import { setTimeout as delay } from 'node:timers/promises'
import { Child } from '../child.js'
import type { ProbeLoad } from '../children/probe.js'
import type { ServerName } from '../servers/application.js'
import type { Theatre } from '../stage.js'
import { quantileOf } from '../statistics.js'
import { burnTasks } from '../work.js'

/** How long other requests take while 1 000 tasks of 1 ms each run behind one response. */
export interface FairnessRow {
  readonly server: ServerName
  readonly variant: 'ours' | 'bare hook'
  readonly load: ProbeLoad
  /** p99 in ms before, and while the tasks run. */
  readonly idleP99: number
  readonly busyP99: number
  readonly times: number
  /** How long the after-work took. */
  readonly workMs: number
  /** How many requests were answered meanwhile. */
  readonly answered: number
}

const warmUpMs = 600
const idleMs = 1000
const applications = { ours: 'fair', 'bare hook': 'fair-hook' } as const

async function measureOne(theatre: Theatre, server: ServerName, variant: FairnessRow['variant'], load: ProbeLoad): Promise<FairnessRow> {
  const { node, folder, cores } = theatre
  const child = Child.start({ folder, name: 'server', args: [server, applications[variant]], node, core: 'server', cores })
  const probe = Child.start({ folder, name: 'probe', node: process.execPath, core: 'load', cores })
  try {
    const [port] = await Promise.all([child.next<number>(), probe.next()])
    const during = async (work: () => Promise<unknown>): Promise<number[]> => {
      await probe.ask({ port, load })
      await work()
      return await probe.ask<number[]>('stop')
    }
    // Once for the compiler.
    await during(() => delay(warmUpMs))
    const idle = await during(() => delay(idleMs))
    let start = 0
    const busy = await during(async () => {
      start = performance.now()
      await probe.ask('work')
      while ((await child.ask<number>('calls')) < burnTasks) await delay(50)
    })
    const workMs = performance.now() - start
    const [idleP99, busyP99] = [quantileOf(idle, 0.99), quantileOf(busy, 0.99)]
    return { server, variant, load, idleP99, busyP99, times: busyP99 / idleP99, workMs, answered: busy.length }
  } finally {
    await Promise.all([child.stop(), probe.stop()])
  }
}

/** Measures what after-work does to everybody else. */
export async function measureFairness(theatre: Theatre, servers: readonly ServerName[], loads: readonly ProbeLoad[]): Promise<FairnessRow[]> {
  const rows: FairnessRow[] = []
  for (const server of servers) {
    for (const load of loads) rows.push(await measureOne(theatre, server, 'ours', load))
    rows.push(await measureOne(theatre, server, 'bare hook', 'busy'))
  }
  return rows
}
