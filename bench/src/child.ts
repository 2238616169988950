import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Cores } from './cores.js'

/** How a child process is started. */
export interface Start {
  /** The folder of the bundle. */
  readonly folder: string
  /** The file in it, without its ending. */
  readonly name: string
  readonly args?: readonly string[]
  /** The binary of Node. */
  readonly node: string
  readonly flags?: readonly string[]
  /** Which core it may use; any when there is no choice. */
  readonly core?: keyof Cores
  readonly cores?: Cores | undefined
}

/** A child process that answers questions in the order in which they are asked. */
export class Child {
  private readonly process: ChildProcess
  private readonly waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = []
  private readonly early: unknown[] = []
  private failure: Error | undefined

  private constructor(child: ChildProcess, label: string) {
    this.process = child
    let errors = ''
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk))
    child.on('message', (message) => {
      const next = this.waiting.shift()
      if (next === undefined) this.early.push(message)
      else next.resolve(message)
    })
    child.once('error', (error) => this.fail(error))
    child.once('close', (code, signal) => this.fail(new Error(`${label} ended (${signal ?? code})\n${errors.trim()}`)))
  }

  /** Starts a process; it is ready when it has said something, which `next` returns. */
  static start({ folder, name, args = [], node, flags = [], core, cores }: Start): Child {
    const command = [node, ...flags, join(folder, `${name}.mjs`), ...args]
    if (cores !== undefined && core !== undefined) command.unshift('taskset', '-c', cores[core])
    const child = spawn(command[0] as string, command.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'production' },
    })
    return new Child(child, `${name} ${args.join(' ')}`)
  }

  get pid(): number {
    return this.process.pid as number
  }

  /** Keeps all its threads to a core, where it waits for its turn instead of interrupting whoever works there. */
  keepTo(core: string): void {
    execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', core, `${this.pid}`], { stdio: 'ignore' })
    execFileSync('chrt', ['--all-tasks', '--batch', '--pid', '0', `${this.pid}`], { stdio: 'ignore' })
  }

  /** The next thing it says. */
  next<T>(): Promise<T> {
    if (this.early.length > 0) return Promise.resolve(this.early.shift() as T)
    if (this.failure !== undefined) return Promise.reject(this.failure)
    return new Promise<T>((resolve, reject) => this.waiting.push({ resolve: resolve as (answer: unknown) => void, reject }))
  }

  ask<T>(question: unknown): Promise<T> {
    const answer = this.next<T>()
    if (this.process.connected) this.process.send(question as object)
    return answer
  }

  /** Ends it, and waits until it is gone. */
  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const gone = new Promise((resolve) => this.process.once('exit', resolve))
    this.process.kill('SIGKILL')
    await gone
  }

  /** Lets it end by itself, and waits until it is gone. */
  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.process.once('exit', resolve))
    this.process.disconnect()
    await gone
  }

  private fail(error: Error): void {
    this.failure ??= error
    for (const { reject } of this.waiting.splice(0)) reject(this.failure)
  }
}
