/** One function behind a response: what has to be known of it until it has settled. */
class Item {
  readonly run: () => unknown
  following: Item | undefined = undefined
  state: 'queued' | 'running' | 'completed' | 'failed' = 'queued'

  constructor(run: () => unknown) {
    this.run = run
  }
}

/**
 * About the least that runs many functions behind a response: an object for each, a list, a state, a `try`, and a promise is followed to
 * its end. No handle, no signal, no time, no outcome, and nobody else's turn in between.
 */
export class Batch {
  private first: Item | undefined = undefined
  private last: Item | undefined = undefined
  /** How many have not settled: what a drain would wait for. */
  unsettled = 0

  add(run: () => unknown): void {
    const item = new Item(run)
    if (this.last === undefined) this.first = item
    else this.last.following = item
    this.last = item
    this.unsettled++
  }

  /** Runs all of them. */
  readonly start = (): void => {
    for (let item = this.first; item !== undefined; item = item.following) this.run(item)
  }

  private run(item: Item): void {
    item.state = 'running'
    try {
      const result = item.run()
      if (result instanceof Promise) {
        result.then(
          () => this.settle(item, 'completed'),
          () => this.settle(item, 'failed'),
        )
      } else this.settle(item, 'completed')
    } catch {
      this.settle(item, 'failed')
    }
  }

  private settle(item: Item, state: Item['state']): void {
    item.state = state
    this.unsettled--
  }
}
