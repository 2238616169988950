const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

/** Fewest columns between two ticks. */
const spacing = 8

/** Which column stands for which time. Everything that is drawn on one scale can be compared by eye. */
export class Scale {
  readonly columns: number
  private readonly totalMs: number

  /** @param totalMs the time that the last column stands for */
  constructor(totalMs: number, columns: number) {
    this.totalMs = Math.max(totalMs, 1)
    this.columns = columns
  }

  /** The column of a time, with a fraction. */
  at(ms: number): number {
    return (ms / this.totalMs) * (this.columns - 1)
  }

  /** Round times at a readable distance. */
  get ticks(): number[] {
    const step = steps.find((ms) => this.at(ms) >= spacing) ?? this.totalMs
    return Array.from({ length: Math.floor(this.totalMs / step) + 1 }, (_, index) => index * step)
  }
}
