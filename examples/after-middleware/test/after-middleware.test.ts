import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createApp } from '../src/app.js'
import type { Entry } from '../src/audit.js'

let stop: (() => Promise<unknown>) | undefined

afterEach(() => stop?.())

/** The example, listening, with its audit log. */
async function start() {
  const entries: Entry[] = []
  const { app, lifecycle } = createApp((entry) => entries.push(entry))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stop = () => lifecycle.drain({ server })
  const { port } = server.address() as AddressInfo
  return {
    entries,
    async ask(path: string, role = 'guest', known = '') {
      // Without a word on caching, fetch would ask for a fresh reply.
      const headers = { 'x-role': role, 'if-none-match': known, 'cache-control': 'max-age=0' }
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
      const text = await response.text()
      await lifecycle.idle()
      return { status: response.status, headers: response.headers, text, body: text === '' ? undefined : (JSON.parse(text) as unknown) }
    },
  }
}

test('each role sees its fields, and the reply says how long it is', async () => {
  const { ask } = await start()
  const guest = await ask('/people')
  expect(guest.body).toEqual([{ id: 1, name: 'Ada' }, { id: 2, name: 'Grace' }])
  expect(Number(guest.headers.get('content-length'))).toBe(Buffer.byteLength(guest.text))
  expect((await ask('/people/1', 'employee')).body).toEqual({ id: 1, name: 'Ada', email: 'ada@example.org' })
})

test('each role has an etag of its own, and is answered 304 by it', async () => {
  const { ask } = await start()
  const tag = (await ask('/people/1')).headers.get('etag') ?? ''
  expect(tag).toMatch(/^(W\/)?"/)
  expect((await ask('/people/1', 'guest', tag)).status).toBe(304)
  expect((await ask('/people/1', 'employee', tag)).status).toBe(200)
})

test('a reply that breaks its contract is not sent', async () => {
  const { ask, entries } = await start()
  const { status, text } = await ask('/people/2', 'auditor')
  expect(status).toBe(500)
  expect(text).not.toMatch(/\$2b|passwordHash|schema/)
  expect(entries).toMatchObject([{ role: 'auditor', url: '/people/2', kind: 'finished', status: 500 }])
  expect(entries[0]?.error).toMatch(/does not match its schema.*passwordHash/)
})

test('error replies are neither filtered nor held to the contract', async () => {
  const { ask } = await start()
  const { status, body } = await ask('/people/3', 'employee')
  expect([status, body]).toEqual([404, { error: 'There is no such person.' }])
})

test('the log has an entry for each request', async () => {
  const { ask, entries } = await start()
  await ask('/people')
  await ask('/people/1', 'employee')
  expect(entries).toEqual([
    { role: 'guest', method: 'GET', url: '/people', kind: 'finished', status: 200 },
    { role: 'employee', method: 'GET', url: '/people/1', kind: 'finished', status: 200 },
  ])
})
