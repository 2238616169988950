import { once } from 'node:events'
import type { Gate } from './outside/gate.js'
import { type Answer, Customer } from './outside/customer.js'
import type { Mailbox } from './outside/mailbox.js'
import type { Partner } from './outside/partner.js'
import type { ShopServer } from './servers/server.js'

/** What the tour plays with. */
export interface Stage {
  readonly server: ShopServer
  readonly mailbox: Mailbox
  readonly partner: Partner
  /** Where whoever has inserted an order comes by. */
  readonly inserted: Gate
  print(text: string): void
}

const email = 'ada@example.org'

/** Shows what the shop does, and ends with an order whose receipt is still to be sent. */
export async function takeTour({ server: { origin, lifecycle }, mailbox, partner, inserted, print }: Stage): Promise<void> {
  const customer = new Customer(origin)
  const staff = new Customer(origin, 'staff')
  const tell = (what: string, { status, body }: Answer): void => {
    const { id: _changes, lines: _known, ...rest } = body
    print(`${what}: ${status} ${JSON.stringify(rest)}`)
  }

  // The reply does not wait for the mail server. Here that is waited for, to be shown.
  const placed = await customer.order({ email, lines: [{ sku: 'tea', quantity: 2 }] })
  tell('a customer orders', placed)
  await lifecycle.idle()
  print(`  behind the reply: the receipt to ${mailbox.mails[0]?.to}, and ${partner.heard.length} call of the webhook`)

  tell('staff sees more of it', await staff.ask('GET', `/orders/${placed.body.id}`))

  tell('there are not as many', await customer.order({ email, lines: [{ sku: 'tea', quantity: 1 }, { sku: 'pot', quantity: 2 }] }))
  tell('that is no order', await customer.order({ email: 'ada', lines: [] }))

  const impatience = new AbortController()
  const reached = inserted.close()
  const unheard = customer.order({ email, lines: [{ sku: 'pot', quantity: 1 }] }, impatience.signal).catch(() => 'no answer')
  await reached
  const [exchange] = lifecycle.open
  if (exchange === undefined) throw new Error('The order is under way.')
  const left = once(exchange.signal, 'abort')
  impatience.abort()
  await left
  inserted.open()
  await lifecycle.idle()
  print(`a customer leaves in the middle: ${await unheard}, and the order is ${exchange.outcome?.transaction}`)

  const seen: string[] = []
  for await (const step of customer.watch(placed.body.id ?? '')) {
    seen.push(step)
    const next = { placed: 'packed', packed: 'shipped', shipped: undefined }[step]
    if (next !== undefined) await staff.ask('POST', `/orders/${placed.body.id}/steps`, { step: next })
  }
  print(`a customer watches the order: ${seen.join(', ')}`)

  partner.mood = 'broken'
  const called = partner.gate.close()
  tell('the webhook is broken', await customer.order({ email, lines: [{ sku: 'pot', quantity: 1 }] }))
  await called
  partner.gate.open()
  await lifecycle.idle()

  partner.mood = 'well'
  const received = mailbox.gate.close()
  tell('an order just before SIGTERM', await customer.order({ email, lines: [{ sku: 'cup', quantity: 1 }] }))
  await received
}
