import { once } from 'node:events'
import type { DrainReport } from '@afterword/adapter-node'
import { Chart } from './chart.js'
import type { Seen } from './clients.js'
import { closeShop, describeDrains } from './closing.js'
import { agrees, type Comparison, tableOf } from './comparison.js'
import type { Recorder } from './recorder.js'
import type { ShopServer } from './servers/server.js'
import type { Terminal } from './terminal.js'
import type { Timeline } from './timeline.js'
import { verdictOf } from './verdict.js'
import { lastVisit, type Visit, visits } from './visits.js'

/** Ms after which the tour gives up: an exchange that never ends must not look like a slow one. */
const patienceMs = 20_000

/** Pays every visit to every server, then drains them all. Says whether they agree. */
export async function tour(servers: readonly ShopServer[], recorder: Recorder, terminal: Terminal): Promise<boolean> {
  const watchdog = setTimeout(giveUp, patienceMs, recorder, terminal)
  const drained: Timeline[] = []
  recorder.onDrained = (timeline) => drained.push(timeline)
  const comparisons: Comparison[] = []

  function conclude(visit: Visit, seen: readonly Seen[]): void {
    const timelines = servers.map(({ name }) => drained.find(({ server }) => server === name) as Timeline)
    drained.length = 0
    const header = visit.expected.header?.split(':')[0]
    comparisons.push({ visit, verdicts: timelines.map((timeline, index) => verdictOf(timeline, seen[index] as Seen, header)) })
    const chart = new Chart(terminal, timelines)
    const title = heading(`${comparisons.length}  ${visit.title}`, terminal, `${visit.method} ${visit.path}`)
    terminal.print('', title, chart.axis(), ...timelines.flatMap((each) => chart.draw(each)))
  }

  terminal.print(...welcome(terminal))
  for (const visit of visits) {
    const seen: Seen[] = []
    for (const { origin, idle } of servers) {
      seen.push(await visit.client({ ...visit, origin, received: recorder.nextStart() }))
      await idle()
    }
    conclude(visit, seen)
  }

  const { seen, reports } = await interrupt(servers, recorder)
  conclude(lastVisit, seen)

  const asExpected = comparisons.filter(agrees).length
  const agree = asExpected === comparisons.length && reports.every(({ clean }) => clean)
  const summary = `${agree ? 'The three servers agree' : 'They do not agree'}: ${asExpected} of ${comparisons.length} exchanges went as they must.`
  terminal.print(
    '',
    heading('The drains', terminal),
    ...describeDrains(servers, reports, terminal),
    '',
    heading('Side by side', terminal),
    ...tableOf(comparisons, servers.map(({ name }) => name), terminal),
    '',
    terminal.paint(agree ? 'green' : 'red', `  ${summary}`),
    '',
  )
  clearTimeout(watchdog)
  return agree
}

/** Pays the last visit, and terminates this process in the middle of it. */
async function interrupt(servers: readonly ShopServer[], recorder: Recorder): Promise<{ seen: Seen[]; reports: DrainReport[] }> {
  const replies: Promise<Seen>[] = []
  for (const { origin } of servers) {
    const received = recorder.nextStart()
    replies.push(lastVisit.client({ ...lastVisit, origin, received }))
    await received
  }
  const terminated = once(process, 'SIGTERM')
  process.kill(process.pid, 'SIGTERM')
  await terminated
  const reports = await closeShop(servers)
  return { seen: await Promise.all(replies), reports }
}

function welcome(terminal: Terminal): string[] {
  return [
    '',
    `  ${terminal.paint('bold', 'Afterword')}: one shop, on three servers. Every request goes to each of them.`,
    '',
    `  ${terminal.paint('dim', '─ handling   ━ committed   ● finished   ✕ aborted   ╌ tasks left   ◆ drained')}`,
  ]
}

function heading(text: string, terminal: Terminal, right = ''): string {
  const rule = '─'.repeat(terminal.width - text.length - right.length - 5)
  return `${terminal.paint('bold', `  ${text}`)} ${terminal.paint('dim', rule)} ${right}`.trimEnd()
}

function giveUp(recorder: Recorder, terminal: Terminal): void {
  for (const { exchange } of recorder.open) terminal.print(`  never drained: ${exchange.method} ${exchange.url}, ${exchange.phase}`)
  process.exit(1)
}
