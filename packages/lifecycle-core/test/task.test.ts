import { describe, expect, it, vi } from 'vitest'
import type { TaskState } from '../src/task.js'
import { openOne } from './fake-binding.js'
import { defer, turns } from './turn.js'

describe('the handle', () => {
  it('is named by the option, else by the function, else `task`', () => {
    const { exchange } = openOne()
    expect(exchange.after(() => {}, { name: 'mail' }).name).toBe('mail')
    expect(exchange.after(function sendMail() {}).name).toBe('sendMail')
    expect(exchange.after(() => {}).name).toBe('task')
    expect(exchange.after(Promise.resolve()).name).toBe('task')
  })

  it('follows a function from queued to its end', async () => {
    const { exchange } = openOne()
    const gate = defer()
    const states: TaskState[] = []
    const handle = exchange.after(() => {
      states.push(handle.state)
      return gate.promise
    })
    states.push(handle.state)
    exchange.finish()
    states.push(handle.state)
    await turns()
    gate.resolve()
    expect(await handle.done).toBe('completed')
    expect([...states, handle.state]).toEqual(['queued', 'queued', 'running', 'completed'])
  })

  it('says that a promise is running from the start', async () => {
    const { exchange } = openOne()
    const gate = defer()
    const handle = exchange.after(gate.promise)
    expect(handle.state).toBe('running')
    gate.resolve()
    expect(await handle.done).toBe('completed')
  })

  it('has one `done`, which also tells what is over already', async () => {
    const { exchange } = openOne()
    const handle = exchange.after(() => {})
    expect(handle.done).toBe(handle.done)
    handle.cancel()
    expect(await handle.done).toBe('cancelled')
    const second = exchange.after(() => {})
    second.cancel()
    expect(await second.done).toBe('cancelled')
  })
})

describe('a task gets', () => {
  it('the frozen outcome, its name, the id of its exchange', async () => {
    const { exchange } = openOne()
    const task = vi.fn()
    exchange.after(task, { name: 'mail' })
    exchange.commit(200)
    exchange.finish()
    await turns()
    expect(task).toHaveBeenCalledExactlyOnceWith(exchange.outcome, expect.objectContaining({ name: 'mail', exchangeId: exchange.id }))
  })

  it.each(['finish', 'abort'] as const)('a signal that is not aborted by %s', async (end) => {
    const { exchange } = openOne()
    let aborted: boolean | undefined
    exchange.after((_outcome, { signal }) => (aborted = signal.aborted))
    if (end === 'finish') exchange.finish()
    else exchange.abort('client')
    await turns()
    expect(aborted).toBe(false)
  })
})

describe('when', () => {
  const ends = {
    'finished 200': { kind: 'finished', status: 200 },
    'finished 500': { kind: 'finished', status: 500 },
    'finished after a throw': { kind: 'finished', status: 200, error: true },
    aborted: { kind: 'aborted', status: null },
  } as const
  const wanted = { finished: [1, 1, 1, 0], aborted: [0, 0, 0, 1], success: [1, 0, 0, 0] } as const

  for (const when of ['finished', 'aborted', 'success'] as const) {
    it.each(Object.entries(ends).map(([name, end], index) => [name, end, wanted[when][index] === 1] as const))(`'${when}' after %s: %o -> %s`, async (_name, end, runs) => {
      const { exchange, lifecycle } = openOne()
      const task = vi.fn()
      const handle = exchange.after(task, { when })
      if ('error' in end) exchange.handlerFailed(new Error('boom'))
      if (end.status !== null) exchange.commit(end.status)
      if (end.kind === 'finished') exchange.finish()
      else exchange.abort('client')
      await turns()
      expect(task).toHaveBeenCalledTimes(runs ? 1 : 0)
      expect(handle.state).toBe(runs ? 'completed' : 'cancelled')
      expect(lifecycle.faults).toEqual([])
    })
  }

  it('may be a predicate of the outcome', async () => {
    const { exchange } = openOne()
    const task = vi.fn()
    exchange.after(task, { when: ({ status }) => status === 404 })
    exchange.after(task, { when: ({ status }) => status === 200 })
    exchange.commit(404)
    exchange.finish()
    await turns()
    expect(task).toHaveBeenCalledTimes(1)
  })

  it('that throws fails the task, and reports it', async () => {
    const { exchange, lifecycle } = openOne()
    const task = vi.fn()
    const handle = exchange.after(task, { name: 'mail', when: () => { throw 'boom' } })
    exchange.finish()
    await turns()
    expect(task).not.toHaveBeenCalled()
    expect(handle.state).toBe('failed')
    expect(lifecycle.faults).toEqual([{ error: 'boom', source: 'task', task: 'mail' }])
  })
})
