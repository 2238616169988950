import { type DrainReport, formatDrainReport } from '@afterword/lifecycle-core'
import { check, type Host, isMs, type Requirements } from '@afterword/lifecycle-core/adapter'
import { isServer, type NodeServer } from './host.js'
import { checkDrainOptions, type DrainOptions, type NodeLifecycle } from './lifecycle.js'

/** Options of a graceful shutdown; those of the drain among them. */
export interface ShutdownOptions extends Omit<DrainOptions, 'server'> {
  /** What begins it. Default: SIGTERM and SIGINT. */
  signals?: readonly NodeJS.Signals[]
  /** Ms for the drain after an uncaught exception or an unhandled rejection. Default: 1 000. */
  crashTimeout?: number
  /** Called when all is drained, to close databases and the like. May be async. */
  onDrained?: (report: DrainReport) => unknown
  /** Ms for `onDrained`, and for `close()` of an application, before the process exits anyway. Default: 5 000. */
  closeTimeout?: number
  /** Receives the report as text, and what went wrong. Default: `console.error`. */
  log?: (text: string) => unknown
}

/** An application of a framework, whose `close` drains: Fastify's. */
export interface ClosableApp {
  /** Where it listens. */
  readonly server: NodeServer
  /** Drains, and closes what belongs to it. */
  close(): PromiseLike<unknown>
}

const requirements: Requirements = {
  signals: [(value) => Array.isArray(value) && value.every((each) => typeof each === 'string'), 'a list of signals'],
  crashTimeout: isMs,
  onDrained: [(value) => typeof value === 'function', 'a function'],
  closeTimeout: isMs,
  log: [(value) => typeof value === 'function', 'a function'],
}

/**
 * Drains on SIGTERM and SIGINT, prints the report, and exits with its code. A second signal is the hard deadline; a
 * third one kills, as Node does by default. An uncaught exception or an unhandled rejection is printed, drains with a
 * short deadline, and exits with 1.
 *
 * @returns a function that takes the listeners off again
 * @throws {LifecycleError} `ERR_LIFECYCLE_INVALID_ARGUMENT` for options that are not an object;
 * `ERR_LIFECYCLE_INVALID_OPTION` and `ERR_LIFECYCLE_UNKNOWN_OPTION` for wrong ones
 *
 * @example
 * ```ts
 * import { gracefulShutdown } from '@afterword/adapter-node/shutdown'
 *
 * gracefulShutdown(lifecycle, server, { readinessDelay: 5_000, timeout: 20_000, onDrained: () => pool.end() })
 * ```
 */
export function gracefulShutdown(
  lifecycle: NodeLifecycle,
  server: NodeServer | readonly NodeServer[] | ClosableApp,
  options: ShutdownOptions = {},
): () => void {
  const shutdown = new Shutdown(lifecycle, server, options)
  shutdown.listen()
  return () => shutdown.dispose()
}

class Shutdown {
  private readonly lifecycle: NodeLifecycle
  private readonly app: ClosableApp | undefined
  private readonly servers: readonly NodeServer[]
  private readonly drain: Omit<DrainOptions, 'server'>
  private readonly own: Required<Pick<ShutdownOptions, 'signals' | 'crashTimeout' | 'closeTimeout' | 'log'>> & ShutdownOptions
  private readonly hard = new AbortController()
  private closing: PromiseLike<unknown> | undefined
  private exitCode = 0
  private isUnderWay = false

  constructor(lifecycle: NodeLifecycle, server: NodeServer | readonly NodeServer[] | ClosableApp, options: ShutdownOptions) {
    const { signals, crashTimeout, onDrained, closeTimeout, log, ...drain } = options
    const given = Object.entries({ signals, crashTimeout, onDrained, closeTimeout, log }).filter(([, value]) => value !== undefined)
    const own = Object.fromEntries(given)
    check('gracefulShutdown', own, requirements)
    this.app = isApp(server) ? server : undefined
    this.servers = isApp(server) ? lifecycle.serversOf(server) : [server].flat()
    checkDrainOptions({ ...drain, server: this.servers })
    this.lifecycle = lifecycle
    this.drain = drain
    this.own = {
      signals: ['SIGTERM', 'SIGINT'],
      crashTimeout: 1000,
      closeTimeout: 5000,
      log: (text) => console.error(text),
      ...own,
    }
  }

  listen(): void {
    for (const signal of this.own.signals) process.on(signal, this.onSignal)
    // Unhandled rejections come here as well.
    process.on('uncaughtException', this.onCrash)
  }

  dispose(): void {
    for (const signal of this.own.signals) process.off(signal, this.onSignal)
    process.off('uncaughtException', this.onCrash)
  }

  private readonly onSignal = (): void => {
    if (this.isUnderWay) {
      this.hard.abort()
      // The next one kills.
      for (const signal of this.own.signals) process.off(signal, this.onSignal)
    } else void this.run(this.drain)
  }

  private readonly onCrash = (error: unknown, origin: string): void => {
    this.fail(origin, error)
    const { readinessDelay: _delay, softTimeout: _soft, ...drain } = this.drain
    const { crashTimeout } = this.own
    const timeout = Math.min(crashTimeout, drain.timeout ?? crashTimeout)
    if (this.isUnderWay) void this.lifecycle.drain({ timeout })
    else void this.run({ ...drain, timeout })
  }

  private async run(options: Omit<DrainOptions, 'server'>): Promise<void> {
    this.isUnderWay = true
    const { lifecycle, own, app, hard } = this
    const signal = options.signal === undefined ? hard.signal : AbortSignal.any([options.signal, hard.signal])
    const server = app === undefined ? this.servers : [...this.servers, this.closes(app)]
    const report = await lifecycle.drain({ ...options, signal, server })
    this.exitCode ||= report.suggestedExitCode
    this.print(formatDrainReport(report))
    await this.within(own.closeTimeout, this.close(report))
    process.exit(this.exitCode)
  }

  /** Closes the application at the moment at which its servers stop, so that its own hooks run in time. */
  private closes(app: ClosableApp): Host {
    const stop = (): void => {
      const closing = (async () => app.close())()
      // It may fail before anybody waits for it, and is no crash: `close` hears of it.
      closing.catch(() => {})
      this.closing = closing
    }
    return { stop, sweep() {}, sever() {}, unclaimed: 0, closed: Promise.resolve() }
  }

  private async close(report: DrainReport): Promise<void> {
    try {
      await this.closing
    } catch (error) {
      this.fail('close', error)
    }
    try {
      await this.own.onDrained?.(report)
    } catch (error) {
      this.fail('onDrained', error)
    }
  }

  /** Waits so long, or until a second signal. */
  private async within(ms: number, done: Promise<void>): Promise<void> {
    const { signal } = this.hard
    const late = new Promise<boolean>((resolve) => {
      const giveUp = (): void => resolve(true)
      setTimeout(giveUp, Math.min(ms, 2 ** 31 - 1))
      if (signal.aborted) setImmediate(giveUp)
      else signal.addEventListener('abort', giveUp)
    })
    if (await Promise.race([done.then(() => false), late])) this.fail('shutdown', 'What was to be closed after the drain has not been.')
  }

  private fail(origin: string, error: unknown): void {
    this.exitCode = 1
    this.print(`${origin}: ${error instanceof Error ? (error.stack ?? String(error)) : String(error)}`)
  }

  private print(text: string): void {
    try {
      this.own.log(text)
    } catch (error) {
      console.error(text, error)
    }
  }
}

function isApp(server: NodeServer | readonly NodeServer[] | ClosableApp): server is ClosableApp {
  return !isServer(server) && !Array.isArray(server)
}
