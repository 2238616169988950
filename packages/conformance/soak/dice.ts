/** Chance that can be repeated: the same seed gives the same choices. */
export class Dice {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** A number from 0 up to, and not including, 1. */
  roll(): number {
    // A linear congruential step, whose high bits are then mixed into the low ones.
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0
    let mixed = this.state
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 up to, and not including, the limit. */
  below(limit: number): number {
    return Math.floor(this.roll() * limit)
  }

  /** Whether something of this probability happens. */
  happens(probability: number): boolean {
    return this.roll() < probability
  }

  /** One of the names, each as often as its weight says. */
  pick<N extends string>(weights: Readonly<Record<N, number>>): N {
    const entries = Object.entries(weights) as [N, number][]
    let left = this.roll() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      left -= weight
      if (left < 0) return name
    }
    return (entries[0] as [N, number])[0]
  }
}
