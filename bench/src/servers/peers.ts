import { createRequire } from 'node:module'
import type { ServerResponse } from 'node:http'
import { burnAll, count, counting } from '../work.js'
import type { Hook } from './application.js'
import { watch } from './floor.js'

/** The packages that are measured beside the library, with their pinned versions in `package.json`. */
export const peerPackages = [
  'on-finished', 'on-headers', 'morgan', 'pino', 'pino-http', 'p-queue', 'fastq', '@opentelemetry/instrumentation-http',
  '@opentelemetry/sdk-trace-node',
] as const

function ignore(): void {}

/** The same as a listener that is called with more than it takes. */
const listener = count as (...args: unknown[]) => void

/**
 * Peers that do part of the same job, by scenario. Each is used as well as it can be: shared functions instead of closures,
 * and no output. Every one is imported only where it is measured. Before them the least that could do the job.
 */
export const peers: Readonly<Record<string, () => Hook | Promise<Hook>>> = {
  floor: () => (req, res) => watch(req, res),
  'floor-task': () => (req, res) => watch(req, res, count),
  close: () => (_req, res) => void res.on('close', count),
  finish: () => (_req, res) => void res.on('finish', count),
  'finish-close': () => (_req, res) => {
    res.on('finish', count)
    res.on('close', count)
  },
  'stream-finished': async () => {
    const { finished } = await import('node:stream')
    return (_req, res) => void finished(res, listener)
  },
  'on-finished': async () => {
    const { default: onFinished } = await import('on-finished')
    return (_req, res) => void onFinished(res, listener)
  },
  'on-headers': async () => {
    const { default: onHeaders } = await import('on-headers')
    return (_req, res) => onHeaders(res, listener)
  },
  'on-finished-on-headers': async () => {
    const { default: onFinished } = await import('on-finished')
    const { default: onHeaders } = await import('on-headers')
    return (_req, res) => {
      onFinished(res, listener)
      onHeaders(res, listener)
    }
  },
  morgan: async () => {
    const { default: morgan } = await import('morgan')
    const log = morgan('combined', { stream: counting })
    return (req, res) => log(req, res, ignore)
  },
  'pino-http': async () => {
    const { pinoHttp } = await import('pino-http')
    return pinoHttp({}, counting) as Hook
  },
  // As Next.js does it: a queue per request, filled by the handler and started when the response closes.
  'p-queue': async () => {
    const { default: PQueue } = await import('p-queue')
    return (_req, res) => {
      const queue = new PQueue({ autoStart: false })
      void queue.add(count)
      res.on('close', () => queue.start())
    }
  },
  fastq: async () => {
    const { default: fastq } = await import('fastq')
    const queue = fastq<undefined, undefined>((_task, done) => {
      count()
      done(null)
    }, 1000)
    function push(this: ServerResponse): void {
      queue.push(undefined)
    }
    return (_req, res) => void res.on('close', push)
  },
  opentelemetry: async () => {
    const { BatchSpanProcessor, NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node')
    const { HttpInstrumentation } = await import('@opentelemetry/instrumentation-http')
    const exporter = {
      export(spans: readonly unknown[], done: (result: { code: number }) => void) {
        for (let left = spans.length; left > 0; left--) count()
        done({ code: 0 })
      },
      shutdown: async () => {},
    }
    const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 100 })] })
    provider.register()
    const instrumentation = new HttpInstrumentation()
    instrumentation.setTracerProvider(provider)
    // It patches the module when it is required, not when it is imported.
    createRequire(import.meta.url)('http')
    return ignore
  },
  'fair-hook': () => (req, res) => {
    if (req.url === '/work') res.on('finish', burnAll)
  },
}
