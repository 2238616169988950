import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Print } from './chain.js'
import { type MakeServer, onExpress, onNode } from './servers.js'

const servers: Readonly<Record<string, MakeServer>> = { Express: onExpress, 'node:http': onNode }

/** Sends one request to each server, without the guard and with it, and prints what ran. */
export async function show(print: Print): Promise<void> {
  for (const [name, makeServer] of Object.entries(servers)) {
    for (const guard of [false, true]) {
      print(`${name}, guard ${guard ? 'on' : 'off'}`)
      const server = makeServer(guard, (line) => print(`  ${line}`))
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      print(`  the client reads: ${await response.text()}`)
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    }
  }
}
