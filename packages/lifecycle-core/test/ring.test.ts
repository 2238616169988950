import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ring } from '../src/ring.js'

describe('Ring', () => {
  it('gives nothing when it is empty', () => {
    const ring = new Ring<number>()
    expect(ring.shift()).toBeUndefined()
    expect(ring.size).toBe(0)
  })

  it('gives items back in the order in which they came', () => {
    const ring = new Ring<number>()
    for (let item = 0; item < 10; item++) ring.push(item)
    expect(Array.from({ length: 10 }, () => ring.shift())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('wraps around without growing out of order', () => {
    const ring = new Ring<number>()
    for (let item = 0; item < 1000; item++) {
      ring.push(item)
      ring.push(-item)
      expect(ring.shift()).toBe(item)
      expect(ring.shift()).toBe(-item)
    }
    expect(ring.size).toBe(0)
  })

  it.each([1, 5, 15, 16, 17])('grows when the items wrap at %i', (offset) => {
    const ring = new Ring<number>()
    for (let item = 0; item < offset; item++) ring.push(item)
    for (let item = 0; item < offset; item++) ring.shift()
    for (let item = 0; item < 100; item++) ring.push(item)
    expect(ring.size).toBe(100)
    for (let item = 0; item < 100; item++) expect(ring.shift()).toBe(item)
    expect(ring.shift()).toBeUndefined()
  })

  it('is a queue, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer(), { nil: 'shift' as const }), { maxLength: 300 }), (steps) => {
        const ring = new Ring<number>()
        const queue: number[] = []
        for (const step of steps) {
          if (step === 'shift') expect(ring.shift()).toBe(queue.shift())
          else {
            ring.push(step)
            queue.push(step)
          }
          expect(ring.size).toBe(queue.length)
        }
      }),
    )
  })
})
