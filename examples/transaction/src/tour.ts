import { ShopProcess } from './process.js'

/** What a client was told, and whether its order must be in the table afterwards. */
export interface Step {
  readonly what: string
  readonly item: string
  readonly told: number | 'no answer'
  readonly isOrdered: boolean
}

/** Orders that go well, that fail in the commit, and that are cut off on the way. */
export async function takeTour(address: string): Promise<Step[]> {
  const steps: Step[] = []
  let shop = await ShopProcess.start(address)

  steps.push({ what: 'an order', item: 'tea', told: await shop.order('1', 'tea'), isOrdered: true })

  steps.push({ what: 'the commit fails: not in stock', item: 'unicorn', told: await shop.order('2', 'unicorn'), isOrdered: false })

  const client = new AbortController()
  const leaving = shop.order('3', 'cups?stop-when=inserted', client.signal)
  await shop.reached('inserted')
  client.abort()
  steps.push({ what: 'the client leaves after the insert', item: 'cups', told: await leaving, isOrdered: false })

  const unlucky = shop.order('4', 'milk?stop-when=inserted')
  await shop.reached('inserted')
  await shop.kill()
  steps.push({ what: 'the process dies after the insert', item: 'milk', told: await unlucky, isOrdered: false })

  shop = await ShopProcess.start(address)
  const unheard = shop.order('5', 'sugar?stop-when=committed')
  await shop.reached('committed')
  await shop.kill()
  steps.push({ what: 'the process dies after the commit', item: 'sugar', told: await unheard, isOrdered: true })

  // The one case that no server can avoid, and what it takes to live with it.
  shop = await ShopProcess.start(address)
  steps.push({ what: 'its client asks again, with the same id', item: 'sugar', told: await shop.order('5', 'sugar'), isOrdered: true })

  await shop.stop()
  return steps
}
