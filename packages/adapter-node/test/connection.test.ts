import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { Connection, connectionOf, knownConnection } from '../src/connection.js'

const socketOf = (): Socket => ({}) as Socket
const responseOf = (socket: Socket | null = null): ServerResponse => ({ socket }) as ServerResponse

describe('connectionOf', () => {
  it('makes one connection per socket, and says once that it is new', () => {
    const onNew = vi.fn()
    const socket = socketOf()
    const connection = connectionOf(socket, onNew)
    expect(connectionOf(socket, onNew)).toBe(connection)
    expect(onNew).toHaveBeenCalledTimes(1)
    expect(knownConnection(socket)).toBe(connection)
  })

  it('knows nothing of other sockets', () => {
    expect(knownConnection(socketOf())).toBeUndefined()
  })
})

describe('Connection', () => {
  it('puts the response that has the socket first, and queues the others in order', () => {
    const connection = new Connection(socketOf())
    const [current, second, third] = [responseOf(socketOf()), responseOf(), responseOf()]
    for (const res of [second, current, third]) connection.add(res)
    expect(connection.open).toEqual([current, second, third])
    expect([current, second, third].map((res) => connection.wasQueued(res))).toEqual([false, true, true])
  })

  it.each([
    [0, [1, 2]],
    [1, [0, 2]],
    [2, [0, 1]],
  ])('lets go of response %i, once, and keeps the others in order', (gone, left) => {
    const connection = new Connection(socketOf())
    const responses = [responseOf(), responseOf(), responseOf()]
    for (const res of responses) connection.add(res)
    connection.remove(responses[gone] as ServerResponse)
    connection.remove(responses[gone] as ServerResponse)
    expect(connection.open.map((res) => responses.indexOf(res))).toEqual(left)
  })
})
