import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createLifecycle } from '@afterword/adapter-node'
import { count, countLater } from '../work.js'
import { type Application, type Applications, mapValues } from './application.js'
import { Batch } from './batch.js'
import { watch } from './floor.js'
import { peers } from './peers.js'
import { type Use, uses } from './uses.js'

const body = Buffer.from('{"ok":true}')

function reply(_req: IncomingMessage, res: ServerResponse): void {
  res.setHeader('content-type', 'application/json')
  res.setHeader('content-length', body.length)
  res.end(body)
}

/** Calls the function in the handler instead of scheduling it: what a task is compared with. */
function call(amount: number, task: () => unknown): Application {
  return () =>
    createServer((req, res) => {
      reply(req, res)
      for (let index = 0; index < amount; index++) void task()
    })
}

/** Runs it behind the response, with the least that can. */
function least(amount: number, task: () => unknown): Application {
  return () =>
    createServer((req, res) => {
      const batch = new Batch()
      for (let index = 0; index < amount; index++) batch.add(task)
      watch(req, res, batch.start)
      reply(req, res)
    })
}

function mount({ options, act }: Use): Application {
  return () => {
    const lifecycle = createLifecycle(options)
    if (act === undefined) return createServer(lifecycle.listener(reply))
    return createServer(
      lifecycle.listener((req, res) => {
        act(req.exchange, req)
        reply(req, res)
      }),
    )
  }
}

/** Applications on `node:http`. */
export const applications: Applications = {
  bare: () => createServer(reply),
  'als-run': () => {
    const storage = new AsyncLocalStorage()
    const store = {}
    return createServer((req, res) => storage.run(store, reply, req, res))
  },
  'call-1': call(1, count),
  'call-10': call(10, count),
  'call-100': call(100, count),
  'call-1000': call(1000, count),
  'call-1-async': call(1, countLater),
  'call-10-async': call(10, countLater),
  'call-100-async': call(100, countLater),
  'call-1000-async': call(1000, countLater),
  'least-100': least(100, count),
  'least-100-async': least(100, countLater),
  ...mapValues(peers, (peer): Application => async () => {
    const hook = await peer()
    return createServer((req, res) => {
      hook(req, res)
      reply(req, res)
    })
  }),
  ...mapValues(uses, mount),
}
