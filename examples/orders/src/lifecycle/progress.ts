import { EventEmitter, on } from 'node:events'
import { Readable } from 'node:stream'
import { after, current, type Exchange } from '@afterword/lifecycle-core'
import { isLast, type Order, type Step, steps } from '../domain/order.js'

/** Tells clients how far their orders have come, as server-sent events. It hears of what happens in this process only. */
export class Progress {
  private readonly news = new EventEmitter().setMaxListeners(0)

  /** Tells those who watch an order, once the step is in the database. */
  tellOf(id: string, step: Step): void {
    after(() => this.news.emit(id, step), { name: 'progress', when: ({ transaction }) => transaction === 'committed' })
  }

  /** How many clients watch an order. */
  watchers(id: string): number {
    return this.news.listenerCount(id)
  }

  /** The steps of an order, up to the last. Payload hooks do not see streams, so nothing in here may be internal. */
  async watch(id: string, read: () => Promise<Order>): Promise<Readable> {
    const { signal } = current() as Exchange
    // If there is no such order, the client is told so while it still can be.
    await read()
    return Readable.from(this.events(id, read, signal))
  }

  /** @param signal aborts when the client leaves, and when the process is about to end */
  private async *events(id: string, read: () => Promise<Order>, signal: AbortSignal): AsyncGenerator<string> {
    const news = on(this.news, id, { signal })
    try {
      // Read only now: what comes later is in the news.
      let { step } = await read()
      yield eventOf(id, step)
      while (!isLast(step)) {
        const { value } = (await news.next()) as { value: [Step] }
        // What was read may be in the news as well.
        if (steps.indexOf(value[0]) <= steps.indexOf(step)) continue
        step = value[0]
        yield eventOf(id, step)
      }
    } catch (error) {
      // Nobody reads on: the stream ends, and that is all.
      if (!signal.aborted) throw error
    } finally {
      await news.return?.()
    }
  }
}

function eventOf(order: string, step: Step): string {
  return `event: step\ndata: ${JSON.stringify({ order, step })}\n\n`
}
