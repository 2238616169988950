import { once } from 'node:events'
import { Chart } from './chart.js'
import { closeShop, describeDrains } from './closing.js'
import type { Recorder } from './recorder.js'
import type { ShopServer } from './servers/server.js'
import type { Terminal } from './terminal.js'
import { lastVisit, type Visit, visits } from './visits.js'

/** Keeps the servers up and draws the timeline of whatever comes, until Ctrl-C. Says whether the drains were clean. */
export async function serve(servers: readonly ShopServer[], recorder: Recorder, terminal: Terminal): Promise<boolean> {
  recorder.onDrained = (timeline) => {
    const chart = new Chart(terminal, [timeline])
    const { method, url } = timeline.exchange
    terminal.print('', `  ${terminal.paint('bold', `${method} ${url}`)}`, chart.axis(), ...chart.draw(timeline))
  }
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  terminal.print(...menu(servers, terminal))

  await stopped
  // Package managers pass on the Ctrl-C that the terminal has sent already; the drain is bounded anyway.
  process.on('SIGINT', () => {})
  const reports = await closeShop(servers)
  terminal.print('', ...describeDrains(servers, reports, terminal), '')
  return reports.every(({ clean }) => clean)
}

function menu(servers: readonly ShopServer[], terminal: Terminal): string[] {
  const { origin } = servers[0] as ShopServer
  const command = ({ path, curl: [args, pipe] }: Visit): string => `curl ${args} ${origin}${path}${pipe === undefined ? '' : ` | ${pipe}`}`
  return [
    '',
    ...servers.map((server) => `  ${terminal.paint('bold', server.name.padEnd(11))}${server.origin}`),
    '',
    '  Try, from another terminal, on any of the three:',
    '',
    ...visits.flatMap((visit) => [terminal.paint('dim', `  # ${visit.title}`), `  ${command(visit)}`]),
    terminal.paint('dim', '  # In flight when Ctrl-C comes'),
    `  ${command(lastVisit)}`,
    '',
    '  Ctrl-C drains.',
  ]
}
