import { comparisonTo, type Results, rowOf } from './results.js'
import { baseOf } from './scenario.js'
import { type ServerName, serverNames } from './servers/application.js'

/** One promise about cost, and whether a run kept it. */
export interface Verdict {
  readonly bar: string
  readonly limit: string
  readonly found: string
  /** `unsure`: the interval reaches from one side of the limit to the other. */
  readonly verdict: 'met' | 'missed' | 'unsure'
}

interface Bar {
  readonly title: string
  readonly judge: (results: Results) => Omit<Verdict, 'bar'> | undefined
}

function toVerdict(met: boolean): Verdict['verdict'] {
  return met ? 'met' : 'missed'
}

/** The upper end of the 95% interval of a ratio must not be above a limit. */
function ratioBar(server: ServerName, scenario: string, to: string, limit: number, title: string, nodes?: readonly number[]): Bar {
  return {
    title: `${server}: ${title}`,
    judge: (results) => {
      const row = rowOf(results, `${server}/${scenario}`)
      const comparison = row && comparisonTo(row, to)
      if (comparison === undefined || (nodes !== undefined && !nodes.includes(Number.parseInt(results.node)))) return undefined
      const { ratio, low, high } = comparison
      const verdict = high <= limit ? 'met' : low <= limit ? 'unsure' : 'missed'
      return { limit: `<= ${limit}`, found: `${ratio.toFixed(3)}, up to ${high.toFixed(3)}`, verdict }
    },
  }
}

/** A number that a run found must not be above a limit. */
function limitBar(title: string, limit: number, unit: string, find: (results: Results) => number | undefined): Bar {
  return {
    title,
    judge: (results) => {
      const found = find(results)
      if (found === undefined) return undefined
      return { limit: `<= ${limit}${unit}`, found: `${found.toFixed(found < 10 ? 2 : 0)}${unit}`, verdict: toVerdict(found <= limit) }
    },
  }
}

const idleLimits: Readonly<Record<ServerName, number>> = { node: 1.015, express: 1.015, fastify: 1.015 }
const taskLimits: Readonly<Record<ServerName, number>> = { node: 1.025, express: 1.02, fastify: 1.02 }
const ambientLimits: Readonly<Record<ServerName, number>> = { node: 1.03, express: 1.02, fastify: 1.02 }

function instructionsOver(results: Results, id: string): number | undefined {
  const row = results.exact?.rows.find((each) => each.id === id)
  return row === undefined || Number.parseInt(results.node) !== 26 ? undefined : (row.toBare - 1) * 100
}

/** What the peers that it replaces add, for each microsecond that the library adds. */
function timesCheaper(server: ServerName): Bar {
  return {
    title: `${server}: against on-finished + on-headers`,
    judge: (results) => {
      const added = (scenario: string) => rowOf(results, `${server}/${scenario}`)?.comparisons[0]?.added
      const [ours, theirs] = [added('idle'), added('on-finished-on-headers')]
      if (ours === undefined || theirs === undefined) return undefined
      const times = theirs / Math.max(ours, 0.001)
      return { limit: 'adds 5 times less', found: `${times.toFixed(1)} times`, verdict: toVerdict(times >= 5) }
    },
  }
}

const bars: readonly Bar[] = [
  ...serverNames.flatMap((server) => [
    ratioBar(server, 'idle', baseOf(server), idleLimits[server], 'mounted, idle'),
    ratioBar(server, 'after-1', baseOf(server), taskLimits[server], '1 task'),
    ratioBar(server, 'idle-ambient', baseOf(server), ambientLimits[server], 'ambient context', [24, 26]),
    ratioBar(server, 'idle-ambient', `${server}/als-run`, 1.01, 'ambient context, over AsyncLocalStorage.run alone', [20]),
    timesCheaper(server),
  ]),
  limitBar('node: mounted, idle: instructions', 5, '%', (results) => instructionsOver(results, 'node/idle')),
  limitBar('node: 1 task: instructions', 8, '%', (results) => instructionsOver(results, 'node/after-1')),
  {
    title: 'fastify: instructions of idle, and of one onResponse hook of its own',
    judge: ({ exact }) => {
      const over = (id: string) => exact?.rows.find((row) => row.id === id)?.toBare
      const [ours, theirs] = [over('fastify/idle'), over('fastify/on-response')]
      if (ours === undefined || theirs === undefined) return undefined
      return { limit: `< ${theirs.toFixed(3)}`, found: ours.toFixed(3), verdict: toVerdict(ours < theirs) }
    },
  },
  ...([['sync', 100], ['async', 300]] as const).map(([kind, limit]) =>
    limitBar(`per task, batch of 100, ${kind}`, limit, ' ns', ({ scale }) =>
      scale?.tasks.find((row) => row.kind === kind && row.tasks === 100)?.perTask,
    ),
  ),
  ...serverNames.map((server) =>
    limitBar(`${server}: memory per exchange in flight`, 400, ' bytes', ({ scale }) =>
      scale?.memory.find((row) => row.server === server && row.variant === 'idle')?.overBare,
    ),
  ),
  ...serverNames.map((server) =>
    limitBar(`${server}: p99 of others while after-work drains`, 2, ' times', ({ scale }) =>
      scale?.fairness.find((row) => row.server === server && row.variant === 'ours' && row.load === 'busy')?.times,
    ),
  ),
]

/** Which promises a run kept; those that it did not measure are left out. */
export function judge(results: Results): Verdict[] {
  return bars.flatMap(({ title, judge: check }) => {
    const judged = check(results)
    return judged === undefined ? [] : [{ bar: title, ...judged }]
  })
}
