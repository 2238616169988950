const longestTimerMs = 2 ** 31 - 1

/** A moment that can be brought nearer and never put off. Keeps the process alive until it is reached or cancelled. */
export class Deadline {
  readonly reached: Promise<void>
  /** On the monotonic clock. */
  at = Infinity
  private resolve!: () => void
  private timer: NodeJS.Timeout | undefined = undefined

  /** @param ms from now */
  constructor(ms: number) {
    this.reached = new Promise((resolve) => (this.resolve = resolve))
    this.within(ms)
  }

  /** Brings it to so many ms from now, if that is sooner. */
  within(ms: number): void {
    const at = performance.now() + ms
    // A timer cannot be set further ahead; Node would make it 1 ms.
    if (at >= this.at || ms > longestTimerMs) return
    this.at = at
    this.cancel()
    if (ms > 0) this.timer = setTimeout(this.resolve, ms)
    else this.resolve()
  }

  cancel(): void {
    clearTimeout(this.timer)
  }
}

/** Whether the work is done before the first of these moments. */
export async function before(work: Promise<void>, ...deadlines: readonly Deadline[]): Promise<boolean> {
  return Promise.race([work.then(() => true), ...deadlines.map(({ reached }) => reached.then(() => false))])
}
