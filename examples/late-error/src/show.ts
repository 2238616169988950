import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { makeServer, type Print } from './app.js'

/** Asks twice on one connection, without `faultsTo` and with it, and prints what came of it. */
export async function show(print: Print): Promise<void> {
  for (const faultsTo of [false, true]) {
    print(faultsTo ? 'with faultsTo' : 'without')
    const failed = new Gate()
    const server = makeServer(faultsTo, (line) => {
      print(`  ${line}`)
      failed.open()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    print(`  the client reads: ${await ask(socket)}`)
    await failed.opened
    if (!faultsTo) await once(socket, 'close')
    print(`  once more, on the same connection: ${await ask(socket)}`)
    await closed(socket)
    const over = once(server, 'close')
    server.close()
    await over
  }
}

class Gate {
  readonly opened: Promise<void>
  open!: () => void

  constructor() {
    this.opened = new Promise((resolve) => (this.open = resolve))
  }
}

/** Sends a request and reads the body of its reply, which Express says the length of. */
async function ask(socket: Socket): Promise<string> {
  if (socket.destroyed) return 'the connection is closed'
  socket.write('GET / HTTP/1.1\r\nHost: example\r\n\r\n')
  let received = ''
  while (!received.endsWith('done')) received += String((await once(socket, 'data'))[0])
  return received.slice(received.indexOf('\r\n\r\n') + 4)
}

async function closed(socket: Socket): Promise<void> {
  if (socket.destroyed) return
  const over = once(socket, 'close')
  socket.destroy()
  await over
}
