import type { Host } from '../src/binding.js'

/** A server without connections of its own: tests say when they are gone. */
export class FakeHost implements Host {
  /** What a drain asked, in order. */
  readonly calls: string[] = []
  readonly closed: Promise<void>
  /** Runs at every sweep; closing here is what a server without connections does. */
  onSweep: ((quiet: boolean) => void) | undefined = undefined
  onSever: (() => void) | undefined = () => this.close()
  unclaimed = 0
  private resolve!: () => void

  constructor() {
    this.closed = new Promise((resolve) => (this.resolve = resolve))
  }

  stop(): void {
    this.calls.push('stop')
  }

  sweep(quiet: boolean): void {
    this.calls.push(quiet ? 'sweep quiet' : 'sweep')
    this.onSweep?.(quiet)
  }

  sever(): void {
    this.calls.push('sever')
    this.onSever?.()
  }

  close(): void {
    this.resolve()
  }
}

/** A server whose connections close as soon as nothing waits on them. */
export function idleHost(): FakeHost {
  const host = new FakeHost()
  host.onSweep = (quiet) => {
    if (quiet) host.close()
  }
  return host
}
