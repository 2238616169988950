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
 * So many at a time, besides what they are compared with. Each server finds gone from the caches of the processor what it left there when
 * all others had their turns since: of thirty, one that does a little more seemed to cost three times that.
 */
const most = 6

/** What a variant is compared with besides the base and the bare server, on the same server. */
export function besideOf({ server, scenario, role }: Variant): string[] {
  const beside = scenario.beside === undefined ? [] : [`${server}/${scenario.beside}`]
  return role === 'other' ? [...beside, `${server}/${scenario.id}`] : beside
}

/** Divides variants into heats: those of the quick run first, each with its base. */
export function heatsOf(variants: readonly Variant[]): Heat[] {
  return serverNames.flatMap((server) => {
    const here = variants.filter((variant) => variant.server === server)
    const isBase = ({ id, role }: Variant): boolean => id === baseOf(server) || id === `${server}/bare` || role === 'control'
    const bases = here.filter(isBase)
    const others = here.filter((variant) => !isBase(variant)).toSorted((a, b) => a.scenario.tier - b.scenario.tier)
    const chunks = Array.from({ length: Math.max(Math.ceil(others.length / most), Math.min(bases.length, 1)) }, (_, index) =>
      others.slice(index * most, (index + 1) * most),
    )
    return chunks.map((chunk, index): Heat => {
      const own = index === 0 ? [...bases, ...chunk] : chunk
      const needed = new Set([baseOf(server), `${server}/bare`, ...chunk.flatMap(besideOf)])
      return { own, all: [...own, ...here.filter((variant) => needed.has(variant.id) && !own.includes(variant))] }
    })
  })
}
