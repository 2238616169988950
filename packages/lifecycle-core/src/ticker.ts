/** The period of the shared timer in ms: every deadline of this library is met at most this much too late. */
export const tickMs = 50

/**
 * One coarse timer for all deadlines of an application. A timer per task or request would cost more than all the rest
 * of it. It runs only while there is something to check, and does not keep the process alive.
 */
export class Ticker {
  private timer: NodeJS.Timeout | undefined
  private readonly check: (now: number) => boolean

  /** @param check looks for what is due, and says whether anything is left to watch */
  constructor(check: (now: number) => boolean) {
    this.check = check
  }

  start(): void {
    if (this.timer !== undefined) return
    this.timer = setInterval(tick, tickMs, this)
    this.timer.unref()
  }

  stop(): void {
    clearInterval(this.timer)
    this.timer = undefined
  }

  tick(): void {
    if (!this.check(performance.now())) this.stop()
  }
}

function tick(ticker: Ticker): void {
  ticker.tick()
}
