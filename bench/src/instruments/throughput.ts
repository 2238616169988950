import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { median } from 'simple-statistics'
import { Stage, type Theatre } from '../stage.js'
import type { Variant } from '../scenario.js'
import { type ServerName, serverNames } from '../servers/application.js'
import { quantileOf } from '../statistics.js'
import type { Progress } from './paired.js'

/** How long and how often. */
export interface ThroughputPlan {
  /** Times that every variant is measured, in turn. */
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
}

/** What a client of one variant saw: medians over the rounds. */
export interface ThroughputRow {
  readonly id: string
  readonly server: ServerName
  readonly title: string
  readonly requestsPerSecond: number
  /** Latency in ms, one number for each of {@link percentiles}. Not autocannon's own, which knows whole ms only. */
  readonly latency: readonly number[]
}

/** The part of autocannon's report that is used. */
interface Shot {
  readonly requests: { readonly average: number }
  readonly non2xx: number
  readonly errors: number
}

/** Which points of a latency distribution are reported. */
export const percentiles = [10, 25, 50, 75, 90, 95, 99, 99.9] as const

/** Requests from which one latency distribution is taken. */
const sampled = 3000

const autocannon = createRequire(import.meta.url).resolve('autocannon')

function shoot(port: number, { seconds, connections }: ThroughputPlan, { cores }: Theatre): Promise<Shot> {
  const command = [process.execPath, autocannon, '--json', '-c', String(connections), '-d', String(seconds), `http://127.0.0.1:${port}/`]
  if (cores !== undefined) command.unshift('taskset', '-c', cores.load)
  return new Promise((resolve, reject) => {
    execFile(command[0] as string, command.slice(1), (error, stdout) => {
      if (error !== null) {
        reject(error)
        return
      }
      const shot = JSON.parse(stdout) as Shot
      if (shot.non2xx > 0 || shot.errors > 0) reject(new Error(`autocannon saw ${shot.non2xx + shot.errors} failures`))
      else resolve(shot)
    })
  })
}

/** Measures what users feel: requests per second and latency under full load. Far too coarse for a claim about 1%. */
export async function measureThroughput(
  theatre: Theatre,
  variants: readonly Variant[],
  plan: ThroughputPlan,
  progress: Progress,
): Promise<ThroughputRow[]> {
  const rows: ThroughputRow[] = []
  let done = 0
  for (const name of serverNames) {
    const group = variants.filter(({ server }) => server === name)
    if (group.length === 0) continue
    const stage = await Stage.open(theatre, group, plan.connections)
    try {
      stage.setApart()
      const shots = new Map<string, Shot[]>(group.map(({ id }) => [id, []]))
      const latencies = new Map<string, number[][]>(group.map(({ id }) => [id, []]))
      for (let round = 0; round < plan.rounds; round++) {
        for (const { id } of round % 2 === 0 ? group : group.toReversed()) {
          progress(done / (variants.length * plan.rounds), `throughput of ${id}`)
          shots.get(id)?.push(await shoot(stage.portOf(id), plan, theatre))
          const load = { port: stage.portOf(id), amount: sampled, connections: plan.connections, latencies: true }
          const taken = await stage.load<{ latencies: number[] }>(load)
          latencies.get(id)?.push(percentiles.map((each) => quantileOf(taken.latencies, each / 100)))
          done++
        }
      }
      for (const { id, server, scenario } of group) {
        const own = shots.get(id) as Shot[]
        const rounds = latencies.get(id) as number[][]
        const latency = percentiles.map((_, index) => median(rounds.map((round) => round[index] as number)))
        rows.push({ id, server, title: scenario.title, requestsPerSecond: median(own.map((shot) => shot.requests.average)), latency })
      }
    } finally {
      await stage.close()
    }
  }
  return rows
}
