/** A list that one can wait on: tests wait for events, not for time. */
export class Latch<T> {
  readonly items: T[] = []
  private waiting: { count: number; resolve: (item: T) => void }[] = []

  add(item: T): void {
    this.items.push(item)
    const due = this.waiting.filter(({ count }) => count === this.items.length)
    this.waiting = this.waiting.filter(({ count }) => count !== this.items.length)
    for (const { resolve } of due) resolve(item)
  }

  /** Resolves with the n-th item, from 1. */
  nth(n: number): Promise<T> {
    if (this.items.length >= n) return Promise.resolve(this.items[n - 1] as T)
    return new Promise((resolve) => this.waiting.push({ count: n, resolve }))
  }
}

/** A promise with its resolver, for a handler that waits until the rule lets it go. */
export function gate<T = void>(): { readonly opened: Promise<T>; open(value: T): void } {
  let open!: (value: T) => void
  const opened = new Promise<T>((resolve) => (open = resolve))
  return { opened, open }
}
