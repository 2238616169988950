import { baseOf, type Variant } from './scenario.js'
import { serverNames } from './servers/application.js'

/** Variants of one server that are alive at the same time. */
export interface Heat {
  /** Those whose rows come from this heat. */
  readonly own: readonly Variant[]
  /** Those and what they are compared with. */
  readonly all: readonly Variant[]
}

/**
 * So many at a time, besides what they are compared with. When many others had their turns since, a server finds gone from the caches of
 * the processor what it left there, and whoever has more code pays more for that.
 */
const most = 6

/** What a variant is compared with besides the base and the bare server, on the same server. */
export function besideOf({ server, scenario, role }: Variant): string[] {
  const beside = scenario.beside === undefined ? [] : [`${server}/${scenario.beside}`]
  return role === 'other' ? [...beside, `${server}/${scenario.id}`] : beside
}

/** Divides variants into heats, each with its base: those of the quick run first. Within a tier they stay in the order of the table. */
export function heatsOf(variants: readonly Variant[]): Heat[] {
  return serverNames.flatMap((server) => {
    const here = variants.filter((variant) => variant.server === server)
    const isBase = ({ id, role }: Variant): boolean => id === baseOf(server) || id === `${server}/bare` || role === 'control'
    const bases = here.filter(isBase)
    const others = here.filter((variant) => !isBase(variant)).toSorted((a, b) => a.scenario.tier - b.scenario.tier)
    const amount = here.length === 0 ? 0 : Math.max(1, Math.ceil(others.length / most))
    const chunks = Array.from({ length: amount }, (_, index) => others.slice(index * most, (index + 1) * most))
    return chunks.map((chunk, index): Heat => {
      const own = index === 0 ? [...bases, ...chunk] : chunk
      const needed = new Set([baseOf(server), `${server}/bare`, ...chunk.flatMap(besideOf)])
      return { own, all: [...own, ...here.filter((variant) => needed.has(variant.id) && !own.includes(variant))] }
    })
  })
}
