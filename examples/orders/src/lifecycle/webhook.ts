import { after } from '@afterword/lifecycle-core'
import type { Order } from '../domain/order.js'

/** Tells somebody else's server of orders. What goes wrong there reaches `onError`, and never the customer. */
export class Webhook {
  private readonly url: string

  constructor(url: string) {
    this.url = url
  }

  /** Tells of an order once it is in the database. */
  tellOf({ id, total }: Order): void {
    after(
      async (_outcome, { signal }) => {
        const response = await fetch(this.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ order: id, total }),
          // Aborts at the timeout below, and when the process is about to end. Not when the customer leaves.
          signal,
        })
        // Read to its end, or the connection would stay in use.
        await response.text()
        if (!response.ok) throw new Error(`The webhook answered ${response.status}.`)
      },
      { name: 'webhook', when: ({ transaction }) => transaction === 'committed', timeout: 5_000 },
    )
  }
}
