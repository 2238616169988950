import type { AddressInfo } from 'node:net'
import type { DrainReport, NodeLifecycle, NodeServer } from '@afterword/adapter-node'
import type { ClosableApp } from '@afterword/adapter-node/shutdown'
import type { Shop } from '../shop.js'

/** The shop on a server that listens. */
export interface ShopServer {
  readonly origin: string
  readonly lifecycle: NodeLifecycle
  /** What `gracefulShutdown` stops. */
  readonly stoppable: NodeServer | ClosableApp
}

/** Mounts the shop on a server, and listens. Without a port, the system chooses one. */
export type StartServer = (shop: Shop, port?: number) => Promise<ShopServer>

/** Where all of them listen. */
export const host = '127.0.0.1'

/** Where a server listens. */
export function originOf(server: NodeServer): string {
  return `http://${host}:${(server.address() as AddressInfo).port}`
}

/** Stops a server, and waits for what is in flight. `gracefulShutdown` does this on a signal, and then ends the process. */
export async function stop({ lifecycle, stoppable }: ShopServer): Promise<DrainReport> {
  // An application of Fastify drains while it closes.
  if ('server' in stoppable) await stoppable.close()
  else await lifecycle.drain({ server: stoppable })
  // Called again, it returns the same report.
  return lifecycle.drain()
}
