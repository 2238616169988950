import { describe, expect, it, vi } from 'vitest'
import type { TaskHandle } from '../src/task.js'
import { TestLifecycle } from './fake-binding.js'
import { defer, turns } from './turn.js'

const states = (handles: readonly TaskHandle[]) => handles.map(({ state }) => state)
const full = 'ERR_LIFECYCLE_QUEUE_FULL'

/** A lifecycle whose only place is taken until `gate` opens. */
async function busy(overflow: 'refuse' | 'drop-oldest' | 'inline', maxQueued = 2) {
  const refused: TaskHandle[] = []
  const lifecycle = new TestLifecycle({ concurrency: 1, maxQueued, overflow, onRefused: (task) => refused.push(task) })
  const gate = defer()
  const exchange = lifecycle.take()
  exchange.after(() => gate.promise)
  exchange.finish()
  await turns()
  return { lifecycle, gate, exchange, refused }
}

describe('refuse', () => {
  it('refuses the new one at the call, tells the sink and onRefused, and takes more when there is room', async () => {
    const { lifecycle, gate, exchange, refused } = await busy('refuse')
    const handles = [1, 2, 3].map((n) => exchange.after(() => n))
    expect(states(handles)).toEqual(['queued', 'queued', 'refused'])
    expect(lifecycle.codes).toEqual([full])
    expect(refused).toEqual([handles[2]])
    expect(lifecycle.stats()).toMatchObject({ queued: 2, running: 1, refused: 1, scheduled: 4 })
    gate.resolve()
    await lifecycle.idle()
    expect(exchange.after(() => {}).state).toBe('queued')
    await lifecycle.idle()
    expect(lifecycle.stats()).toMatchObject({ queued: 0, completed: 4, refused: 1 })
  })

  it('counts those that wait for the end of their exchange, and those that wait for their key', async () => {
    const lifecycle = new TestLifecycle({ maxQueued: 2 })
    const open = lifecycle.take()
    const ended = lifecycle.take()
    ended.after(() => new Promise(() => {}), { key: 'k' })
    ended.finish()
    await turns()
    expect(open.after(() => {}).state).toBe('queued')
    expect(ended.after(() => {}, { key: 'k' }).state).toBe('queued')
    expect(open.after(() => {}).state).toBe('refused')
    expect(ended.after(() => {}).state).toBe('refused')
  })

  it('takes promises, which do not queue', async () => {
    const { exchange, lifecycle } = await busy('refuse', 1)
    exchange.after(() => {})
    expect(exchange.waitUntil(Promise.resolve()).state).toBe('running')
    expect(lifecycle.codes).toEqual([])
  })

  it('makes room when one is cancelled', async () => {
    const { exchange } = await busy('refuse', 1)
    const handle = exchange.after(() => {})
    expect(exchange.after(() => {}).state).toBe('refused')
    handle.cancel()
    expect(exchange.after(() => {}).state).toBe('queued')
  })
})

describe('drop-oldest', () => {
  it('refuses the one that has waited longest, and tells of it', async () => {
    const { lifecycle, gate, exchange, refused } = await busy('drop-oldest')
    const ran: number[] = []
    const handles = [1, 2, 3, 4].map((n) => exchange.after(() => ran.push(n), { name: String(n) }))
    expect(states(handles)).toEqual(['refused', 'refused', 'queued', 'queued'])
    expect(await handles[0]?.done).toBe('refused')
    expect(lifecycle.faults.map(({ task }) => task)).toEqual(['1', '2'])
    expect(lifecycle.codes).toEqual([full, full])
    expect(refused).toEqual(handles.slice(0, 2))
    gate.resolve()
    await lifecycle.idle()
    expect(ran).toEqual([3, 4])
    expect(exchange.phase).toBe('drained')
    expect(lifecycle.stats()).toMatchObject({ scheduled: 5, completed: 3, refused: 2 })
  })

  it('takes those first whose exchange has ended, then the oldest of the others', async () => {
    const lifecycle = new TestLifecycle({ maxQueued: 2, concurrency: 1, overflow: 'drop-oldest' })
    const [open, ended] = [lifecycle.take(), lifecycle.take()]
    ended.finish()
    const held = open.after(() => {})
    const waiting = ended.after(() => {})
    const third = open.after(() => {})
    expect(states([held, waiting, third])).toEqual(['queued', 'refused', 'queued'])
    open.waitUntil(Promise.resolve())
    open.after(() => {})
    expect(states([held, third])).toEqual(['refused', 'queued'])
    open.finish()
    await lifecycle.idle()
    expect(lifecycle.stats()).toMatchObject({ scheduled: 5, completed: 3, refused: 2 })
  })

  it('compares those that wait for their key with those that wait for a place', async () => {
    const { lifecycle, exchange, gate } = await busy('drop-oldest', 3)
    const holder = defer()
    // The key is held by one that waits for a place.
    exchange.after(() => holder.promise, { key: 'k', name: 'first' })
    exchange.after(() => {}, { key: 'k', name: 'second' })
    exchange.after(() => {}, { name: 'third' })
    exchange.after(() => {}, { key: 'k', name: 'fourth' })
    // 'first' is refused for it, and now 'second' waits for a place: the last in that line.
    exchange.after(() => {}, { name: 'fifth' })
    exchange.after(() => {}, { name: 'sixth' })
    expect(lifecycle.faults.map(({ task }) => task)).toEqual(['first', 'third', 'fourth'])
    gate.resolve()
    await lifecycle.idle()
    expect(lifecycle.scheduler.lanes.byKey.size).toBe(0)
  })

  it('keeps the bound for whoever is told and schedules more', async () => {
    const seen: number[] = []
    let more = 3
    const lifecycle: TestLifecycle = new TestLifecycle({
      maxQueued: 2,
      overflow: 'drop-oldest',
      onRefused: () => {
        seen.push(lifecycle.stats().queued)
        if (more-- > 0) exchange.after(() => {})
      },
    })
    const exchange = lifecycle.take()
    for (let count = 0; count < 3; count++) exchange.after(() => {})
    expect(seen).toEqual([2, 2, 2, 2])
    exchange.finish()
    await lifecycle.idle()
    expect(lifecycle.stats()).toMatchObject({ scheduled: 6, completed: 2, refused: 4 })
  })
})

describe('inline', () => {
  it('starts what is too many with the end of its exchange, whatever the concurrency', async () => {
    const { lifecycle, gate, exchange } = await busy('inline', 1)
    const queued = exchange.after(() => {})
    const open = lifecycle.take()
    const ran: string[] = []
    const handles = ['a', 'b'].map((name) => open.after(() => ran.push(name)))
    await turns()
    expect(states([queued, ...handles])).toEqual(['queued', 'queued', 'queued'])
    open.finish()
    await turns()
    expect(ran).toEqual(['a', 'b'])
    expect(queued.state).toBe('queued')
    expect(lifecycle.codes).toEqual([])
    gate.resolve()
    await lifecycle.idle()
    expect(queued.state).toBe('completed')
  })

  it('does not yield to I/O between them', async () => {
    const { lifecycle, exchange, gate } = await busy('inline', 1)
    exchange.after(() => {})
    const clock = vi.spyOn(performance, 'now')
    let now = 1000
    clock.mockImplementation(() => now)
    let ran = 0
    for (let count = 0; count < 10; count++) exchange.after(() => {
      now += 1
      ran++
    })
    await turns(1)
    clock.mockRestore()
    expect(ran).toBe(10)
    gate.resolve()
    await lifecycle.idle()
  })

  it('takes no place and gives none back', async () => {
    const { lifecycle, exchange, gate } = await busy('inline', 1)
    const inline = defer()
    exchange.after(() => {})
    exchange.after(() => inline.promise)
    await turns()
    expect(lifecycle.stats()).toMatchObject({ running: 2, queued: 1 })
    inline.resolve()
    await turns()
    expect(lifecycle.stats()).toMatchObject({ running: 1, queued: 1 })
    gate.resolve()
    await lifecycle.idle()
  })

  it('still waits for its key', async () => {
    const { lifecycle, exchange, gate } = await busy('inline', 1)
    const order: string[] = []
    const first = defer()
    exchange.after(() => {})
    exchange.after(() => first.promise.then(() => order.push('first')), { key: 'k' })
    exchange.after(() => order.push('second'), { key: 'k' })
    await turns()
    expect(order).toEqual([])
    first.resolve()
    await turns()
    expect(order).toEqual(['first', 'second'])
    gate.resolve()
    await lifecycle.idle()
  })
})
