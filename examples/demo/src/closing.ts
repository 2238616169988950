import type { DrainReport } from '@afterword/adapter-node'
import type { ShopServer } from './servers/server.js'
import { announce } from './shop.js'
import type { Terminal } from './terminal.js'

/** Drains every server at once, and tells those who wait for news that there will be no more. */
export async function closeShop(servers: readonly ShopServer[]): Promise<DrainReport[]> {
  const reports = Promise.all(servers.map((server) => server.drain()))
  announce('the shop is closing')
  return reports
}

/** A line for each drain report. */
export function describeDrains(servers: readonly ShopServer[], reports: readonly DrainReport[], terminal: Terminal): string[] {
  return reports.map(({ clean, durationMs, exchanges, tasks }, index) => {
    const name = terminal.paint('bold', (servers[index] as ShopServer).name.padEnd(11))
    const verdict = clean ? terminal.paint('green', 'clean') : terminal.paint('red', 'NOT clean')
    const fates = `${tasks.completed} completed, ${tasks.cancelled} not run, ${tasks.lost.length} lost`
    return `  ${name}${verdict} in ${durationMs.toFixed(0)} ms · ${exchanges.inFlightAtStart} in flight · tasks: ${fates}`
  })
}
