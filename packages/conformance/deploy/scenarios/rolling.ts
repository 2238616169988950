import assert from 'node:assert/strict'
import { Balancer } from '../balancer.js'
import type { Child } from '../child.js'
import type { Scenario, ServerName, Shutdown, Start } from '../scenario.js'
import { Traffic } from '../traffic.js'

/** Replies between two restarts. */
const between = 100

/** What a series of restarts did. */
interface Restarts {
  readonly traffic: Traffic
  readonly balancer: Balancer
  readonly gone: readonly Child[]
}

/** Restarts two processes in turn behind a balancer, while clients ask. */
async function restart(times: number, server: ServerName, start: Start, shutdown: Shutdown): Promise<Restarts> {
  const balancer = new Balancer()
  await balancer.start()
  const gone: Child[] = []
  const retire = async (child: Child) => {
    child.signal()
    await child.exit
    gone.push(child)
  }
  try {
    const running = [await start('rolling', server, shutdown), await start('rolling', server, shutdown)]
    await Promise.all(running.map(({ port }) => balancer.add(port)))
    const traffic = new Traffic(balancer.port)
    for (let n = 0; n < times; n++) {
      const old = running.shift() as Child
      await traffic.more(between)
      await retire(old)
      balancer.remove(old.port)
      const fresh = await start('rolling', server, shutdown)
      await balancer.add(fresh.port)
      running.push(fresh)
    }
    await traffic.more(between)
    await traffic.stop()
    await Promise.all(running.map(retire))
    return { traffic, balancer, gone }
  } finally {
    await balancer.stop()
  }
}

const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)
const rowsOf = (children: readonly Child[]) => children.flatMap((child) => child.rows().map(Number))

/** A new version comes out, ten times in a row. */
export const rolling: Scenario = {
  id: 'DEP-011',
  title: 'MUST fail no request and lose no acknowledged task when two processes are restarted ten times in turn under load',
  servers: ['node', 'express', 'fastify'],
  async run(server, start) {
    const { traffic, balancer, gone } = await restart(10, server, start, 'afterword')
    assert.deepEqual([traffic.failed, balancer.failures], [[], []])
    assert.deepEqual(sorted(rowsOf(gone)), sorted(traffic.acknowledged.items))
    assert.equal(gone.length, 12)
    for (const { told } of gone) assert.equal(told.at(-1)?.report?.clean, true)
    for (const { exit } of gone) assert.equal(await exit, 0)
  },
  control: {
    title: 'with server.close() requests fail, or acknowledged tasks are lost',
    servers: ['node'],
    async run(server, start) {
      const { traffic, gone } = await restart(2, server, start, 'close')
      const rows = new Set(rowsOf(gone))
      const lost = traffic.acknowledged.items.filter((number) => !rows.has(number))
      assert(traffic.failed.length + lost.length > 0)
    },
  },
}
