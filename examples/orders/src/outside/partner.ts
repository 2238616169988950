import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Gate } from './gate.js'

/** How the partner's server is today. */
export type Mood = 'well' | 'broken' | 'hanging up'

/** A real server of somebody who wants to hear of orders, on this machine. */
export class Partner {
  /** What it was told. */
  readonly heard: string[] = []
  mood: Mood = 'well'
  /** Closed, it has read what it was sent, and does not answer yet. */
  readonly gate = new Gate()
  private readonly server = createServer(async (req, res) => {
    const body = await text(req)
    await this.gate.pass()
    if (this.mood === 'hanging up') return void req.socket.resetAndDestroy()
    if (this.mood === 'broken') return void res.writeHead(500).end()
    this.heard.push(body)
    res.writeHead(204).end()
  })

  static async open(): Promise<Partner> {
    const partner = new Partner()
    await once(partner.server.listen(0, '127.0.0.1'), 'listening')
    return partner
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/orders`
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}
