import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import createApp from 'fastify'
import { createHttpTerminator } from 'http-terminator'
import { type Call, longMs, type Program } from './program.js'
import { tell } from './tell.js'

/** What the application saw, for the test to compare with what the clients saw. */
const seen = { accepted: 0, faults: [] as string[] }

/** Serves a program without a lifecycle: the way it is done without us, and who stops it is a choice. */
export async function startBare(server: string, shutdown: string, program: Program): Promise<void> {
  if (shutdown === 'fastify') return startFastify(program)
  const listener = (req: IncomingMessage, res: ServerResponse) => void serve(program, req, res)
  const app = server === 'express' ? createServer(express().use(listener)) : createServer(listener)
  const terminator = createHttpTerminator({ server: app, gracefulTerminationTimeout: program.timeout ?? longMs })
  onSigterm(program, () => (shutdown === 'terminator' ? terminator.terminate() : closed(app)))
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  tell('listening', app.address() as AddressInfo)
}

async function startFastify(program: Program): Promise<void> {
  const app = createApp()
  await program.plugins?.(app)
  app.all('/*', async (request, reply) => {
    const answer = (status: number, body: string) => void reply.code(status).type('text/plain').send(body)
    await serve(program, request.raw, reply.raw, answer, () => reply.hijack())
    return reply
  })
  onSigterm(program, () => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  tell('listening', app.server.address() as AddressInfo)
}

function serve(
  program: Program,
  req: IncomingMessage,
  res: ServerResponse,
  reply: Call['reply'] = (status, body) => void res.writeHead(status).end(body),
  takeOver?: () => void,
): unknown {
  seen.accepted++
  const gone = new AbortController()
  res.setMaxListeners(0)
  res.once('close', () => gone.abort())
  return program.handle({
    path: req.url ?? '',
    get res() {
      takeOver?.()
      return res
    },
    signal: gone.signal,
    ready: true,
    reply,
    after(_name, work) {
      res.once('finish', async () => {
        try {
          await work(new AbortController().signal)
        } catch (error) {
          seen.faults.push(String(error))
        }
      })
    },
  })
}

/** As every guide has it: close, then exit. */
function onSigterm({ timeout = longMs }: Program, close: () => Promise<unknown>): void {
  process.on('SIGTERM', async () => {
    const closing = close()
    tell('draining')
    // Whoever started the process does not wait for ever.
    const supervisor = setTimeout(() => {
      tell('killed', { seen })
      process.kill(process.pid, 'SIGKILL')
    }, timeout)
    await closing
    clearTimeout(supervisor)
    tell('closed', { seen })
    process.exit(0)
  })
}

function closed(server: Server): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve))
}
