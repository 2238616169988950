import { describe, expect, it } from 'vitest'
import type { CostRow } from '../src/tasks/cost.js'
import { place, readPage, readResults, sections } from '../src/tasks/page.js'

const results = readResults()
const page = readPage()

/** What was found for a row of the cost table. */
function found(node: string, scheduler: string, tasks: number, timed: boolean) {
  const row = results.cost.find((each) => each.node.startsWith(`${node}.`) && each.scheduler === scheduler && each.tasks === tasks && each.timed === timed)
  if (row === undefined) throw new Error(`${scheduler} was not measured on Node ${node} with ${tasks} tasks`)
  return row
}

describe('docs/tasks.md', () => {
  it('shows the committed results', () => {
    expect(place(page, results)).toBe(page)
    for (const text of Object.values(sections(results))) expect(text.length).toBeGreaterThan(50)
  })

  it('has 1, 10 and 100 tasks per request, with and without a timeout, on Node 20 and 24, beside p-queue and fastq', () => {
    for (const node of ['20', '24']) {
      for (const scheduler of ['afterword', 'afterword, context: false', 'p-queue', 'fastq']) {
        for (const tasks of [1, 10, 100]) for (const timed of [false, true]) expect(found(node, scheduler, tasks, timed).nanoseconds).toBeGreaterThan(0)
      }
    }
  })

  it('says what the async context costs on every version that is tested', () => {
    expect([...new Set(results.context.map(({ node }) => node.split('.')[0]))]).toEqual(['20', '22', '24', '26'])
    for (const node of ['20', '22', '24', '26']) {
      const [all, one, none] = ['afterword', 'afterword, one task without', 'afterword, context: false'].map((scheduler) =>
        results.context.find((row) => row.node.startsWith(`${node}.`) && row.scheduler === scheduler)) as [CostRow, CostRow, CostRow]
      expect(none.nanoseconds).toBeLessThan(all.nanoseconds)
      expect(one.bytes).toBeLessThan(all.bytes)
      // It saves time from Node 24 on.
      expect(one.nanoseconds < all.nanoseconds * 0.9, node).toBe(Number(node) >= 24)
    }
  })

  it('argues for 1 000 places from what was found', () => {
    const rows = new Map(results.places.map((row) => [row.concurrency, row]))
    const chosen = rows.get(1000)
    const [fewer, more] = [rows.get(100), rows.get(3000)]
    if (chosen === undefined || fewer === undefined || more === undefined) throw new Error('Not measured.')
    expect(chosen.perSecond).toBeGreaterThan(fewer.perSecond)
    expect(more.perSecond).toBeLessThan(chosen.perSecond * 1.2)
    expect(more.lateP99).toBeGreaterThan(chosen.lateP99)
    expect(results.places.every(({ failed }) => failed === 0)).toBe(true)
  })

  it('argues for the bound of the queue from what was found', () => {
    for (const node of ['20', '24']) expect(found(node, 'afterword', 1, true).bytes).toBeLessThan(2000)
  })

  it('shows that after-work lets others through, and that a bare hook does not', () => {
    const [ours, hook] = (['ours', 'bare hook'] as const).map((variant) => results.fairness.find((row) => row.variant === variant && row.load === 'busy'))
    if (ours === undefined || hook === undefined) throw new Error('Not measured.')
    expect(ours.busyP99).toBeLessThan(ours.idleP99 * 2)
    expect(hook.busyP99).toBeGreaterThan(hook.idleP99 * 10)
  })
})
