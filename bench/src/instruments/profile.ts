import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Variant } from '../scenario.js'
import { Stage, type Theatre } from '../stage.js'

/** One function, and the time spent in itself. */
export interface ProfileLine {
  readonly name: string
  /** File and line; of the bundle for functions of the library. */
  readonly place: string
  readonly nanosecondsPerRequest: number
  readonly share: number
  readonly ours: boolean
}

/** The part of a `.cpuprofile` that is used. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { functionName: string; url: string; lineNumber: number } }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const requests = 100_000

/** Sums a profile up by function; waiting is left out. */
function summarize({ nodes, samples, timeDeltas }: CpuProfile, amount: number): ProfileLine[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const times = new Map<string, { name: string; place: string; ours: boolean; time: number }>()
  let total = 0
  for (const [index, id] of samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(id) as CpuProfile['nodes'][number]['callFrame']
    if (functionName === '(idle)') continue
    const place = url === '' ? '' : `${url.split('/').at(-1)}:${lineNumber + 1}`
    const key = `${functionName} ${place}`
    const line = times.get(key) ?? { name: functionName || '(anonymous)', place, ours: url.includes('/.build/'), time: 0 }
    line.time += timeDeltas[index] as number
    total += timeDeltas[index] as number
    times.set(key, line)
  }
  return [...times.values()]
    .map(({ name, place, ours, time }) => ({ name, place, ours, nanosecondsPerRequest: (time * 1000) / amount, share: time / total }))
    .toSorted((a, b) => b.share - a.share)
}

/**
 * Profiles variants under the same load as the paired instrument. The profiles stay in a folder, for the developer tools of a
 * browser.
 */
export async function profile(theatre: Theatre, variants: readonly Variant[], target: string): Promise<Map<string, ProfileLine[]>> {
  const found = new Map<string, ProfileLine[]>()
  for (const variant of variants) {
    const own = join(target, variant.id.replace('/', '-'))
    rmSync(own, { recursive: true, force: true })
    mkdirSync(own, { recursive: true })
    const amount = variant.server === 'express' ? requests / 4 : requests
    const flags = ['--cpu-prof', `--cpu-prof-dir=${own}`, '--cpu-prof-interval=200']
    const stage = await Stage.open({ ...theatre, flags }, [variant], 16)
    try {
      stage.setApart()
      await stage.slice(variant.id, amount)
      await stage.end(variant.id)
    } finally {
      await stage.close()
    }
    const file = readdirSync(own).find((name) => name.endsWith('.cpuprofile'))
    if (file === undefined) throw new Error(`${variant.id} wrote no profile`)
    found.set(variant.id, summarize(JSON.parse(readFileSync(join(own, file), 'utf8')) as CpuProfile, amount))
  }
  return found
}
