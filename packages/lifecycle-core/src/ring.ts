/** A queue in a circular array: no allocation per item, and no `shift()`, which moves every item. */
export class Ring<T> {
  size = 0
  private items: (T | undefined)[] = Array.from({ length: 16 })
  private head = 0

  push(item: T): void {
    if (this.size === this.items.length) this.grow()
    this.items[(this.head + this.size) & (this.items.length - 1)] = item
    this.size++
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.items[this.head]
    this.items[this.head] = undefined
    this.head = (this.head + 1) & (this.items.length - 1)
    this.size--
    return item
  }

  private grow(): void {
    const { items, head } = this
    this.items = [...items.slice(head), ...items.slice(0, head), ...Array.from<undefined>({ length: items.length })]
    this.head = 0
  }
}
