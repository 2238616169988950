import type { Child } from './child.js'
import { ask, open } from './client.js'
import { startLoad } from './load.js'
import type { ServerName, Shutdown, Start } from './scenario.js'

/** How a process ended: its exit code, or the signal that killed it. */
type Exit = number | string

/** What one way of stopping did. */
export interface Compared {
  readonly name: string
  /** Under load, with slow requests in flight. */
  readonly load: {
    readonly accepted: number
    /** Accepted requests whose client got a whole reply. */
    readonly answered: number
    /** Answered requests whose after-work was done. */
    readonly worked: number
    readonly exit: Exit
  }
  /** With a download that was ended but not flushed. */
  readonly download: { readonly bytes: number; readonly exit: Exit }
  /** With a handler that never answers, an event stream that never ends, and a task that never settles. */
  readonly stuck: { readonly named: readonly string[]; readonly exit: Exit }
}

/** The size of the download. */
export const downloadBytes = 48 * 1024 * 1024

/** Slow requests in flight when the signal came. */
const slow = 5

/** Replies before the signal. */
const before = 1_000

/** The ways of stopping that are compared. */
export const contenders: readonly { readonly name: string; readonly server: ServerName; readonly shutdown: Shutdown }[] = [
  { name: 'Afterword, `node:http`', server: 'node', shutdown: 'afterword' },
  { name: 'Afterword, Fastify', server: 'fastify', shutdown: 'afterword' },
  { name: '`server.close()`', server: 'node', shutdown: 'close' },
  { name: "Fastify's `close()`", server: 'fastify', shutdown: 'fastify' },
  { name: 'http-terminator', server: 'node', shutdown: 'terminator' },
]

/** Stops three processes in one way. */
export async function compare({ name, server, shutdown }: (typeof contenders)[number], start: Start): Promise<Compared> {
  const process = () => start('mixed', server, shutdown)
  return {
    name,
    load: await stopUnderLoad(server, await process()),
    download: await stopDownload(server, await process()),
    stuck: await stopStuck(server, await process()),
  }
}

async function stopUnderLoad(server: ServerName, child: Child): Promise<Compared['load']> {
  const asked = Promise.all(Array.from({ length: slow }, () => ask(server, child.port, '/slow')))
  await child.event('begun', slow)
  const traffic = startLoad(server, child.port)
  await traffic.reached(before)
  child.signal()
  const statuses = await asked
  await traffic.over
  const exit = await child.exit
  const answered = statuses.filter((status) => status === 200).length + (traffic.statuses.get(200) ?? 0)
  const accepted = child.told.findLast(({ seen }) => seen !== undefined)?.seen?.accepted ?? 0
  return { accepted, answered, worked: child.rows().length, exit }
}

async function stopDownload(server: ServerName, child: Child): Promise<Compared['download']> {
  const reading = open(server, child.port, '/download')
  await reading.answered
  await child.event('begun')
  child.signal()
  await child.event('draining')
  const { bytes } = await reading.read()
  return { bytes, exit: await child.exit }
}

async function stopStuck(server: ServerName, child: Child): Promise<Compared['stuck']> {
  const stuck = ask(server, child.port, '/stuck')
  const events = open(server, child.port, '/events')
  await events.answered
  await ask(server, child.port, '/mail')
  await child.event('begun', 3)
  child.signal()
  const exit = await child.exit
  await Promise.all([stuck, events.read()])
  const report = child.told.find((told) => told.report !== undefined)?.report
  const { cut = [] } = report?.exchanges ?? {}
  const { lost = [] } = report?.tasks ?? {}
  return { named: [...cut.map(({ url }) => url), ...lost.map((task) => task.name)], exit }
}
