import assert from 'node:assert/strict'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { codes, data, FrameClient, request, rst } from '../frames.js'
import { gate } from '../latch.js'
import type { App } from '../rig.js'
import type { Rule } from '../rule.js'
import { ended } from './http2-stream.js'

const needs = ['http2'] as const

/** HTTP/2 streams on which something has happened before the mount runs. */
export const lateRules: readonly Rule[] = [
  {
    id: 'H2-010',
    title: 'MUST take an HTTP/2 response that was begun before the mount ran as committed',
    needs,
    run: async (rig) => {
      let phase: string | undefined
      await rig.serve(
        ({ res, exchange }) => {
          phase = exchange.phase
          res.end()
        },
        async (app) => {
          mountLate(app, (_req, res, mount) => {
            res.writeHead(202)
            mount()
          })
          assert.equal((await app.ask()).status, 202)
          assert.equal((await ended(app, null, null)).status, 202)
          assert.equal(phase, 'committed')
        },
      )
    },
  },
  {
    id: 'H2-011',
    title: 'MUST end an exchange that begins when its HTTP/2 stream is over: as aborted, with nothing committed',
    needs,
    run: async (rig) => {
      for (const method of ['GET', 'HEAD'] as const) {
        const received = gate()
        await rig.serve(
          ({ res }) => void res.end('too late'),
          async (app) => {
            mountLate(app, (req, _res, mount) => {
              received.open()
              req.stream.on('close', mount)
            })
            const client = new FrameClient(app.port)
            client.send(request(1, method))
            await received.opened
            client.send(rst(1, codes.CANCEL))
            assert.equal((await ended(app, 'client', 'before-commit')).status, null)
            client.leave()
          },
        )
      }
    },
  },
  {
    id: 'H2-012',
    title: 'MUST end an exchange that begins when its HTTP/2 stream was reset but waits for the request body to be read',
    needs,
    run: async (rig) => {
      for (const replied of [false, true]) {
        const received = gate()
        await rig.serve(
          () => {},
          async (app) => {
            mountLate(app, (req, res, mount) => {
              if (replied) res.write('a part')
              req.stream.once('readable', received.open)
              req.stream.once('finish', mount)
            })
            const client = new FrameClient(app.port)
            client.send(request(1, 'POST'), data(1, 'a part'))
            await received.opened
            if (replied) await client.until('DATA', 1)
            client.send(rst(1, codes.NO_ERROR))
            await ended(app, 'client', replied ? 'mid-response' : 'before-commit')
            client.leave()
          },
        )
      }
    },
  },
]

type Mount = (req: Http2ServerRequest, res: Http2ServerResponse) => void

/** Lets something happen before the mount sees the request. */
function mountLate(app: App, before: (req: Http2ServerRequest, res: Http2ServerResponse, mount: () => void) => void): void {
  const [mounted] = app.server.listeners('request') as Mount[]
  app.server.removeAllListeners('request')
  app.server.on('request', ((req: Http2ServerRequest, res: Http2ServerResponse) => before(req, res, () => mounted?.(req, res))) as never)
}
