import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { DrainReport } from '@afterword/lifecycle-core'

/** What a program tells: an event, with facts. */
export interface Told {
  readonly event: string
  readonly port?: number
  readonly report?: DrainReport
  readonly seen?: { readonly accepted: number; readonly finished?: number; readonly aborted?: readonly string[]; readonly faults: readonly string[] }
}

/** A program of a scenario, in a process of its own. */
export class Child {
  readonly told: Told[] = []
  /** How the process ended: its exit code, or the signal that killed it. */
  readonly exit: Promise<number | string>
  stderr = ''
  port = 0
  private readonly process: ChildProcess
  /** Where its tasks write their rows. */
  readonly rowsFile: string
  private hasEnded = false
  private watchers: (() => void)[] = []
  private rest = ''

  constructor(binary: string, args: readonly string[], rowsFile: string) {
    this.rowsFile = rowsFile
    this.process = spawn(binary, args, {
      env: { ...process.env, ROWS: rowsFile },
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    })
    this.process.stdout?.setEncoding('utf8').on('data', (chunk: string) => this.read(chunk))
    this.process.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.stderr += chunk))
    this.exit = once(this.process, 'close').then(([code, signal]) => {
      this.hasEnded = true
      this.notify()
      return (code ?? signal) as number | string
    })
  }

  /** Resolves with what was told first under this name, or the n-th (from 1). */
  async event(name: string, n = 1): Promise<Told> {
    for (;;) {
      const told = this.told.filter(({ event }) => event === name)[n - 1]
      if (told !== undefined) return told
      if (this.hasEnded) throw new Error(`The process ended without telling '${name}'.`)
      await new Promise<void>((resolve) => this.watchers.push(resolve))
    }
  }

  signal(name: NodeJS.Signals = 'SIGTERM'): void {
    this.process.kill(name)
  }

  /** Lets the work go on that waits for `released`. */
  release(): void {
    if (this.process.connected) this.process.send('release')
  }

  /** Unblocks a program that blocks its event loop by reading its standard input. */
  unblock(): void {
    this.process.stdin?.write('go\n')
  }

  /** The rows that the tasks have written so far. */
  rows(): string[] {
    return readFileSync(this.rowsFile, 'utf8').split('\n').slice(0, -1)
  }

  /** Ends it, whatever it does. */
  async kill(): Promise<void> {
    if (!this.hasEnded) this.process.kill('SIGKILL')
    await this.exit
  }

  private read(chunk: string): void {
    const lines = (this.rest + chunk).split('\n')
    this.rest = lines.pop() ?? ''
    this.told.push(...lines.map((line) => JSON.parse(line) as Told))
    this.notify()
  }

  private notify(): void {
    for (const watcher of this.watchers.splice(0)) watcher()
  }
}
