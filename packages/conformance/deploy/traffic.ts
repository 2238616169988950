import { Agent, get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { readAll } from '../src/client.js'
import { Latch } from '../src/latch.js'

/** Ms between a reply and the next request on the same lane, so that clients leave the servers some of the machine. */
const pauseMs = 10

/** Clients that go on asking until they are stopped, and then wait for their last replies. Each request has a number. */
export class Traffic {
  /** The numbers of the requests that were answered with 200, and wholly. */
  readonly acknowledged = new Latch<number>()
  /** What became of the others. */
  readonly failed: string[] = []
  private readonly agent = new Agent({ keepAlive: true })
  private readonly lanes: Promise<void>[]
  private asked = 0
  private stopped = false

  constructor(port: number, lanes = 10) {
    this.lanes = Array.from({ length: lanes }, () => this.lane(port))
  }

  /** Resolves once so many more replies have come. */
  async more(count: number): Promise<void> {
    await this.acknowledged.nth(this.acknowledged.items.length + count)
  }

  async stop(): Promise<void> {
    this.stopped = true
    await Promise.all(this.lanes)
    this.agent.destroy()
  }

  private async lane(port: number): Promise<void> {
    while (!this.stopped) {
      const number = ++this.asked
      try {
        const status = await this.ask(port, `/${number}`)
        if (status === 200) this.acknowledged.add(number)
        else this.failed.push(`${number}: ${status}`)
      } catch (error) {
        this.failed.push(`${number}: ${String(error)}`)
      }
      await pause(pauseMs)
    }
  }

  private ask(port: number, path: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const request = get({ port, host: '127.0.0.1', path, agent: this.agent }, (response) => {
        readAll(response).then(() => resolve(response.statusCode ?? 0), reject)
      })
      request.once('error', reject)
    })
  }
}
