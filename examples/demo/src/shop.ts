/**
 * The shop: what an application does with its requests, whatever server it runs on. Timers stand in for the mail
 * server, the warehouse and the rest of the world.
 */
import { EventEmitter, once } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as takes } from 'node:timers/promises'
// The same functions come from every adapter. They find the exchange of their caller, whichever server it came in by.
import { after, type Exchange, onCommit } from '@afterword/adapter-node'

const press = new EventEmitter().setMaxListeners(0)

/** The customer gets the reply, and does not wait for the mail server. */
export async function placeOrder(): Promise<{ order: number }> {
  await takes(8)
  after(async function sendReceipt() {
    await takes(40)
  })
  after(async function countSale() {
    await takes(20)
  })
  return { order: 1001 }
}

/** One task fails. Its error goes to `onError`, and the other task runs all the same. */
export async function sendCoupon(): Promise<{ coupon: string }> {
  after(async function mailCoupon() {
    await takes(15)
    throw new Error('the mailbox is full')
  })
  after(async function countCoupon() {
    await takes(30)
  })
  return { coupon: 'SPRING' }
}

/** A task schedules a task. Both belong to this exchange, and a drain waits for both. */
export async function takeBack(): Promise<{ refund: string }> {
  after(async function refund() {
    await takes(25)
    after(async function tellCustomer() {
      await takes(20)
    })
  })
  return { refund: 'on its way' }
}

/** The cookie is written with the head, so it knows what the handler did after registering the listener. */
export async function fillBasket(): Promise<{ basket: string[] }> {
  const basket: string[] = []
  onCommit((head) => head.setHeader('set-cookie', `basket=${basket.length}`))
  after(async function saveBasket() {
    await takes(20)
  })
  await takes(6)
  basket.push('tea', 'cups')
  return { basket }
}

/** A long poll: it answers when there is news, if the client is that patient. */
export async function waitForNews({ signal }: Exchange): Promise<{ headline: string }> {
  after(async function markAsRead() {
    await takes(30)
  }, { when: 'success' })
  after(async function keepForLater() {
    await takes(20)
  }, { when: 'aborted' })
  // A reply to a client that has left goes nowhere, so it may be anything.
  const [headline] = await once(press, 'news', { signal }).catch(() => ['nobody is listening'])
  return { headline }
}

/** Tells everybody who waits for news. */
export function announce(headline: string): void {
  press.emit('news', headline)
}

/** A long body, row by row. */
export function readCatalogue(): Readable {
  after(async function closeCursor() {
    await takes(20)
  })
  return Readable.from(rows())
}

async function* rows(): AsyncGenerator<string> {
  for (let row = 1; row <= 100; row++) {
    yield `${row},teapot no. ${row}\n`
    await takes(5)
  }
}

/** The handler throws. Tasks still run, except for those that want a success. */
export async function printInvoice(): Promise<never> {
  after(async function fileInvoice() {
    await takes(20)
  }, { when: 'success' })
  after(async function callMechanic() {
    await takes(20)
  })
  await takes(5)
  throw new Error('the printer is on fire')
}
