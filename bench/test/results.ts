import type { PairedRow } from '../src/instruments/paired.js'
import type { Results } from '../src/results.js'
import type { Comparison } from '../src/statistics.js'

/** A comparison with an interval of 0.002 around its ratio. */
export function comparison(to: string, ratio: number, added = (ratio - 1) * 20): Comparison {
  return { to, ratio, low: ratio - 0.002, high: ratio + 0.002, added, addedLow: added, addedHigh: added, ofTotals: ratio }
}

/** A row of node:http. */
export function row(scenario: string, title: string, kind: PairedRow['kind'], ratio: number): PairedRow {
  const id = kind === 'control' ? `node/${scenario} again` : `node/${scenario}`
  return { id, server: 'node', scenario, title, kind, microseconds: 20 * ratio, comparisons: [comparison('node/bare', ratio)] }
}

/** A report of a machine that never was. */
export const results: Results = {
  date: '2026-01-02T03:04:05.000Z',
  machine: { cpu: 'Example <CPU>', cores: 4, memoryGb: 8, system: 'linux 6 x64', load: 0.1, pinned: true },
  node: '20.20.2',
  versions: { express: '5.3.0', fastify: '5.12.8', 'on-finished': '2.4.2' },
  seconds: 42,
  skipped: ['exact: valgrind is not installed'],
  paired: {
    generations: 12,
    generationsOfRest: 2,
    rounds: 6,
    roundsOfRest: 2,
    requests: 250,
    floors: { node: 0.004 },
    rows: [
      { ...row('bare', 'bare server', 'floor', 1), comparisons: [{ ...comparison('node/bare', 1), low: 1, high: 1 }] },
      row('bare', 'bare server', 'control', 1.001),
      row('idle', 'mounted, idle', 'ours', 1.003),
      row('after-1', '1 task, sync', 'ours', 1.03),
      row('on-finished', 'on-finished', 'peer', 1.12),
      row('on-finished-on-headers', 'on-finished + on-headers', 'peer', 1.14),
    ],
  },
  throughput: [
    { id: 'node/bare', server: 'node', title: 'bare server', requestsPerSecond: 30_000.4, latency: [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.2, 3] },
  ],
  scale: {
    memory: [
      { server: 'node', variant: 'bare', inFlight: 10_000, bytesEach: 4810, overBare: 0 },
      { server: 'node', variant: 'idle', inFlight: 10_000, bytesEach: 5200, overBare: 390 },
    ],
    drain: [{ scheduler: 'ours', kind: 'sync', tasks: 10_000, ms: 3, nanosecondsEach: 300, bytesEach: 150 }],
    tasks: [
      { kind: 'sync', by: 'ours', tasks: 100, addedPerRequest: 9, perTask: 90, perTaskLow: 85, perTaskHigh: 95 },
      { kind: 'sync', by: 'the least', tasks: 100, addedPerRequest: 5, perTask: 50, perTaskLow: 45, perTaskHigh: 55 },
      { kind: 'sync', by: 'ours', tasks: 1000, addedPerRequest: 80, perTask: 80, perTaskLow: 75, perTaskHigh: 85 },
    ],
    fairness: [{ server: 'node', variant: 'ours', load: 'busy', idleP99: 2, busyP99: 5, times: 2.5, workMs: 1500, answered: 9000 }],
  },
}
