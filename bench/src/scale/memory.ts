import { Child } from '../child.js'
import type { ServerName } from '../servers/application.js'
import type { Theatre } from '../stage.js'

/** Heap of exchanges that are in flight at the same time. */
export interface MemoryRow {
  readonly server: ServerName
  readonly variant: string
  readonly inFlight: number
  /** Heap bytes per request in flight, its connection included. */
  readonly bytesEach: number
  /** The same, over the bare server. */
  readonly overBare: number
}

/** A handler that has not replied yet has in hand what it will reply with. Fastify makes that, and our exchange keeps it; bare, nobody does. */
const floorsOn: Readonly<Record<ServerName, readonly string[]>> = { node: [], express: [], fastify: ['bare-kept'] }

/** How many requests, and of which applications. */
export interface MemoryPlan {
  readonly inFlight: number
  readonly variants: readonly string[]
}

/** Measures the heap of many requests whose handlers have not replied yet, each on a connection of its own. */
export async function measureMemory(
  { node, folder }: Theatre,
  servers: readonly ServerName[],
  { inFlight, variants }: MemoryPlan,
): Promise<MemoryRow[]> {
  const heapOf = async (server: ServerName, variant: string): Promise<number> => {
    const args = [server, variant, String(inFlight)]
    const child = Child.start({ folder, name: 'crowd', args, node, flags: ['--expose-gc'] })
    try {
      return (await child.next<number>()) / inFlight
    } finally {
      await child.stop()
    }
  }
  const rows: MemoryRow[] = []
  for (const server of servers) {
    const bare = await heapOf(server, 'bare')
    rows.push({ server, variant: 'bare', inFlight, bytesEach: bare, overBare: 0 })
    for (const variant of [...floorsOn[server], ...variants]) {
      const bytesEach = await heapOf(server, variant)
      rows.push({ server, variant, inFlight, bytesEach, overBare: bytesEach - bare })
    }
  }
  return rows
}
