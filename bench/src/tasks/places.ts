import { Child } from '../child.js'
import type { Theatre } from '../stage.js'

/** What so many places are worth to tasks that each call another server. */
export interface PlacesRow {
  readonly concurrency: number
  /** Tasks done per second. */
  readonly perSecond: number
  readonly failed: number
  /** p99 of how late the event loop was, in ms. */
  readonly lateP99: number
  /** Resident memory of the process. */
  readonly megabytes: number
}

/** How long the other server takes to reply. */
export const upstreamMs = 100

const amounts = [10, 100, 300, 1000, 3000, 10_000] as const

/** Measures how many tasks get done, by how many may run at a time. */
export async function measurePlaces({ node, folder, cores }: Theatre): Promise<PlacesRow[]> {
  const rows: PlacesRow[] = []
  for (const concurrency of amounts) {
    const upstream = Child.start({ folder, name: 'upstream', args: [String(upstreamMs)], node, core: 'load', cores })
    let child: Child | undefined
    try {
      const port = await upstream.next<number>()
      child = Child.start({ folder, name: 'places', args: [String(concurrency), String(port)], node, core: 'server', cores })
      rows.push({ concurrency, ...(await child.next<Omit<PlacesRow, 'concurrency'>>()) })
    } finally {
      await child?.stop()
      await upstream.stop()
    }
  }
  return rows
}
