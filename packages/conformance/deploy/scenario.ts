import type { Child } from './child.js'

/** The servers that a program can run on. */
export type ServerName = 'node' | 'express' | 'fastify' | 'http2'

/** Who stops a program: a drain, or what is used without us. */
export type Shutdown = 'afterword' | 'close' | 'fastify' | 'terminator'

/** Starts a program of `programs/` in a process of its own, and resolves when it listens. */
export type Start = (program: string, server: ServerName, shutdown?: Shutdown, ...args: string[]) => Promise<Child>

/** One way to stop a process, with a real signal. */
export interface Scenario {
  readonly id: string
  /** Starts with MUST. */
  readonly title: string
  readonly servers: readonly ServerName[]
  run(server: ServerName, start: Start): Promise<void>
  /** The same without us, or without what the scenario is about: it must show the loss, or the scenario proves nothing. */
  readonly control: Control
}

/** What goes wrong without. */
interface Control {
  readonly title: string
  readonly servers: readonly ServerName[]
  run(server: ServerName, start: Start): Promise<void>
}
