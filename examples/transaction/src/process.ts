import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Moment } from './shop.js'

/** The shop in a process of its own. */
export class ShopProcess {
  readonly origin: string
  private readonly child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.child = child
    this.origin = `http://127.0.0.1:${port}`
  }

  static async start(address: string): Promise<ShopProcess> {
    const child = fork(fileURLToPath(new URL('serve.ts', import.meta.url)), [address])
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`The shop ended with ${code}.`)))
    const [port] = (await Promise.race([once(child, 'message'), ended])) as [number]
    ended.catch(() => {})
    return new ShopProcess(child, port)
  }

  /** Orders something, and returns the status, or what happened instead. */
  async order(id: string, item: string, signal?: AbortSignal): Promise<number | 'no answer'> {
    try {
      const response = await fetch(`${this.origin}/orders/${id}/${item}`, { method: 'PUT', signal: signal ?? null })
      await response.text()
      return response.status
    } catch {
      return 'no answer'
    }
  }

  /** Resolves once a request that asked for it has come that far. */
  async reached(moment: Moment): Promise<void> {
    for (;;) {
      const [message] = (await once(this.child, 'message')) as [unknown]
      if (message === moment) return
    }
  }

  /** The process dies, with whatever it was doing. */
  async kill(): Promise<void> {
    await this.end('SIGKILL')
  }

  /** The process drains, and ends by itself. */
  async stop(): Promise<void> {
    await this.end('SIGTERM')
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const exited = once(this.child, 'exit')
    this.child.kill(signal)
    await exited
  }
}
