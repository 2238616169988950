/**
 * Many requests in flight at the same time: `crowd.mjs <server> <variant> <amount>`, with `--expose-gc`. Says how many bytes of heap
 * they take, their connections included.
 */
import { ServerResponse } from 'node:http'
import { applicationOf } from '../servers/index.js'
import { connect, requestBytes } from '../transport/memory.js'

const [name = '', variant = '', text] = process.argv.slice(2)
const amount = Number(text)
const server = await (await applicationOf(name, variant))()
const bytes = requestBytes()
const collect = globalThis.gc as () => void

/** Sends the requests, each over a connection of its own, and waits until every handler wanted to reply. */
function crowd(size: number): Promise<unknown[]> {
  return new Promise((resolve) => {
    let arrived = 0
    const clients: unknown[] = []
    // The handlers are those of every other measurement, but what they send stays here.
    ServerResponse.prototype.end = function (this: ServerResponse) {
      arrived++
      if (arrived === size) setImmediate(resolve, clients)
      return this
    }
    for (let index = 0; index < size; index++) {
      const client = connect(server)
      clients.push(client)
      client.write(bytes)
    }
  })
}

function heap(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

const keep: unknown[] = [await crowd(500)]
const before = heap()
keep.push(await crowd(amount))
process.send?.(heap() - before)
process.once('disconnect', () => process.exit(keep.length))
