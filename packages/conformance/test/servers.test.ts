import { once } from 'node:events'
import { createServer as createHttp, request as requestHttp, type IncomingMessage, type Server } from 'node:http'
import { connect as connectHttp2, createSecureServer, createServer as createHttp2 } from 'node:http2'
import { createServer as createHttps, request as requestHttps } from 'node:https'
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { createLifecycle } from '@afterword/adapter-node'
import { expect, it } from 'vitest'
import { certificate } from '../src/certificate.js'
import { readAll } from '../src/client.js'
import { gate } from '../src/latch.js'
import { listen, Probe } from '../src/probe.js'

const trust = { rejectUnauthorized: false }

/** Sends a request over HTTP/1; resolves with the whole body. */
async function ask(port: number, path: string, overTls: boolean): Promise<string> {
  const options = { port, host: '127.0.0.1', path, agent: false as const, ...trust }
  const sent = overTls ? requestHttps(options) : requestHttp(options)
  const [response] = (await once(sent.end(), 'response')) as [IncomingMessage]
  return (await readAll(response)).toString()
}

/** Sends a request over HTTP/2, and leaves when told to. */
function openHttp2(port: number, path: string, overTls: boolean): { body: Promise<string>; leave(how: 'in order' | 'reset'): void } {
  const tcp = connectTcp(port, '127.0.0.1')
  const socket: Socket = overTls ? connectTls({ socket: tcp, ALPNProtocols: ['h2'], ...trust }) : tcp
  const session = connectHttp2(`http${overTls ? 's' : ''}://127.0.0.1`, { createConnection: () => socket })
  session.on('error', () => {})
  const stream = session.request({ ':path': path }).on('error', () => {})
  return {
    body: readAll(stream).then(String, () => 'nothing'),
    leave(how) {
      if (how === 'reset') tcp.resetAndDestroy()
      else session.destroy()
    },
  }
}

it('keeps http, https and both kinds of http2 in one process apart, and drains them together', async () => {
  const probe = new Probe()
  const lifecycle = createLifecycle(probe.options({}))
  let received = gate()
  const listener = lifecycle.listener((req, res) => {
    req.exchange.after(() => {})
    received.open()
    if (req.url?.startsWith('/wait') !== true) res.end(`hello ${req.url}`)
  })
  const servers = [
    createHttp(listener),
    createHttps(certificate, listener),
    createHttp2(listener as never),
    createSecureServer({ ...certificate, allowHTTP1: true }, listener as never),
  ] as Server[]
  await Promise.all(servers.map(listen))
  const ports = servers.map((server) => (server.address() as AddressInfo).port) as [number, number, number, number]

  const sessions = [openHttp2(ports[2], '/2', false), openHttp2(ports[3], '/3', true)] as const
  const asked = [ask(ports[0], '/0', false), ask(ports[1], '/1', true), sessions[0].body, sessions[1].body, ask(ports[3], '/4', true)]
  expect(await Promise.all(asked)).toEqual(['hello /0', 'hello /1', 'hello /2', 'hello /3', 'hello /4'])
  await lifecycle.idle()
  const app = probe.app(lifecycle, servers[0] as Server)
  expect(app.outcomes.map(({ url, kind }) => `${url} ${kind}`).toSorted()).toEqual(['/0', '/1', '/2', '/3', '/4'].map((url) => `${url} finished`))

  for (const [index, how] of (['in order', 'reset', 'in order', 'reset'] as const).entries()) {
    received = gate()
    const client = openHttp2(ports[index < 2 ? 2 : 3], `/wait/${index}`, index >= 2)
    await received.opened
    client.leave(how)
    expect(await app.outcome(6 + index)).toMatchObject({ url: `/wait/${index}`, reason: 'client', position: 'before-commit' })
  }

  const report = await lifecycle.drain({ server: servers })
  expect(report.clean).toBe(true)
  expect(app.outcomes).toHaveLength(9)
  expect(app.faults).toEqual([])
})
