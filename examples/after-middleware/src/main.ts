import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createApp } from './app.js'

const { app, lifecycle } = createApp((entry) => console.log('  audit:', JSON.stringify(entry)))
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo

for (const [role, path] of [['guest', '/people'], ['employee', '/people/1'], ['employee', '/people/3'], ['auditor', '/people/2']] as const) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'x-role': role } })
  console.log(`${role} asks for ${path}: ${response.status} ${await response.text()}`)
  // The log is written behind the reply; here it is waited for, to be shown beside it.
  await lifecycle.idle()
}
await lifecycle.drain({ server })
