import { comparisonTo, type Results, rowOf } from './results.js'
import type { TaskRow } from './scale/tasks.js'
import { baseOf } from './scenario.js'
import { type ServerName, serverNames } from './servers/application.js'
import type { Comparison } from './statistics.js'

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

/** The upper end of an interval counts. */
function judgeInterval({ low, high }: { readonly low: number; readonly high: number }, limit: number): Verdict['verdict'] {
  return high <= limit ? 'met' : low <= limit ? 'unsure' : 'missed'
}

interface RatioBar {
  readonly limit: number
  /** The least that could do the same, which is told beside what was found. */
  readonly least?: string
  readonly nodes?: readonly number[]
}

function showUpTo({ ratio, high }: Comparison): string {
  return `${ratio.toFixed(3)}, up to ${high.toFixed(3)}`
}

/** The upper end of the 95% interval of a ratio must not be above a limit. */
function ratioBar(server: ServerName, scenario: string, to: string, title: string, { limit, least, nodes }: RatioBar): Bar {
  const find = (results: Results, id: string): Comparison | undefined => {
    const row = rowOf(results, `${server}/${id}`)
    return row && comparisonTo(row, to)
  }
  return {
    title: `${server}: ${title}`,
    judge: (results) => {
      const comparison = find(results, scenario)
      if (comparison === undefined || (nodes !== undefined && !nodes.includes(Number.parseInt(results.node)))) return undefined
      const floor = least === undefined ? undefined : find(results, least)
      const beside = floor === undefined ? '' : ` (the least: ${showUpTo(floor)})`
      return { limit: `<= ${limit}`, found: `${showUpTo(comparison)}${beside}`, verdict: judgeInterval(comparison, limit) }
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

function showTask({ perTask, perTaskHigh }: TaskRow): string {
  return `${perTask.toFixed(0)} ns, up to ${perTaskHigh.toFixed(0)}`
}

/** Nanoseconds of one task of a batch, over calling the function, beside the least that could run it. */
function taskBar(kind: TaskRow['kind'], limit: number): Bar {
  return {
    title: `per task, batch of 100, ${kind}`,
    judge: ({ scale }) => {
      const [row, least] = (['ours', 'the least'] as const).map((by) => scale?.tasks.find((each) => each.kind === kind && each.by === by && each.tasks === 100))
      if (row === undefined) return undefined
      const beside = least === undefined ? '' : ` (the least: ${showTask(least)})`
      return { limit: `<= ${limit} ns`, found: `${showTask(row)}${beside}`, verdict: judgeInterval({ low: row.perTaskLow, high: row.perTaskHigh }, limit) }
    },
  }
}

function instructionsOver(results: Results, id: string): number | undefined {
  const row = results.exact?.rows.find((each) => each.id === id)
  return row === undefined || Number.parseInt(results.node) !== 26 ? undefined : (row.toBare - 1) * 100
}

/** Bytes of an exchange in flight, over another variant of the same server. */
function memoryOver({ scale }: Results, server: ServerName, other: string): number | undefined {
  const [ours, theirs] = ['idle', other].map((variant) => scale?.memory.find((row) => row.server === server && row.variant === variant)?.bytesEach)
  return ours === undefined || theirs === undefined ? undefined : ours - theirs
}

/** What the peers that it replaces add, for each microsecond that the library adds. */
function timesCheaper(server: ServerName): Bar {
  return {
    title: `${server}: against on-finished + on-headers`,
    judge: (results) => {
      const added = (scenario: string) => rowOf(results, `${server}/${scenario}`)?.comparisons[0]?.added
      const [ours, theirs, least] = [added('idle'), added('on-finished-on-headers'), added('floor')]
      if (ours === undefined || theirs === undefined) return undefined
      const timesOver = (each: number) => theirs / Math.max(each, 0.001)
      const beside = least === undefined ? '' : ` (the least: ${timesOver(least).toFixed(1)})`
      return { limit: 'adds 5 times less', found: `${timesOver(ours).toFixed(1)} times${beside}`, verdict: toVerdict(timesOver(ours) >= 5) }
    },
  }
}

const bars: readonly Bar[] = [
  ...serverNames.flatMap((server) => [
    ratioBar(server, 'idle', baseOf(server), 'mounted, idle', { limit: idleLimits[server], least: 'floor' }),
    ratioBar(server, 'after-1', baseOf(server), '1 task', { limit: taskLimits[server], least: 'floor-task' }),
    ratioBar(server, 'idle-ambient', baseOf(server), 'ambient context', { limit: ambientLimits[server], least: 'als-run', nodes: [24, 26] }),
    ratioBar(server, 'idle-ambient', `${server}/als-run`, 'ambient context, over AsyncLocalStorage.run alone', { limit: 1.01, nodes: [20] }),
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
  taskBar('sync', 100),
  taskBar('async', 300),
  ...serverNames.map((server) =>
    limitBar(`${server}: memory per exchange in flight`, 400, ' bytes', (results) => memoryOver(results, server, 'bare')),
  ),
  limitBar('fastify: the same, over a handler that keeps its reply', 400, ' bytes', (results) => memoryOver(results, 'fastify', 'bare-kept')),
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
