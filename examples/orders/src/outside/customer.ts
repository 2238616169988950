import type { Order, OrderRequest, Step } from '../domain/order.js'

/** What somebody was answered. The fields of an order, as far as they may see them, or an error. */
export interface Answer {
  readonly status: number
  readonly body: Partial<Order> & { readonly error?: string }
}

/** Somebody with an HTTP client. */
export class Customer {
  readonly origin: string
  private readonly role: string

  constructor(origin: string, role = 'customer') {
    this.origin = origin
    this.role = role
  }

  /** Asks for something, or sends it. */
  async ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer> {
    const response = await this.send(method, path, body, signal)
    return { status: response.status, body: (await response.json()) as Answer['body'] }
  }

  /** Places an order. */
  order(request: OrderRequest, signal?: AbortSignal): Promise<Answer> {
    return this.ask('POST', '/orders', request, signal)
  }

  /** The steps of an order, as they happen. Leaving the loop closes the connection. */
  async *watch(id: string): AsyncGenerator<Step> {
    const leaving = new AbortController()
    try {
      const response = await this.send('GET', `/orders/${id}/progress`, undefined, leaving.signal)
      let text = ''
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const events = (text + chunk).split('\n\n')
        text = events.pop() ?? ''
        for (const event of events) yield (JSON.parse(event.slice(event.indexOf('{'))) as { step: Step }).step
      }
    } finally {
      leaving.abort()
    }
  }

  private send(method: string, path: string, body: unknown, signal: AbortSignal | undefined): Promise<Response> {
    return fetch(this.origin + path, {
      method,
      headers: { 'x-role': this.role, ...(body !== undefined && { 'content-type': 'application/json' }) },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    })
  }
}
