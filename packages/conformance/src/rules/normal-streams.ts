import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { createGzip, gunzipSync } from 'node:zlib'
import { RawClient } from '../client.js'
import { gate } from '../latch.js'
import { openReader } from '../reader.js'
import type { Rig } from '../rig.js'
import type { Rule } from '../rule.js'
import { assertEndedOnce, assertFinished } from './normal-framing.js'

/** More than the buffers of a loopback connection hold. */
const large = Buffer.alloc(50 * 1024 * 1024, 'x')

/** Replies that take a while: they are finished when the last byte is accepted, and not before. */
export const normalStreamsRules: readonly Rule[] = [
  {
    id: 'END-110',
    title: 'MUST finish a reply of 50 MB only after the slow client has read on',
    run: (rig) => readSlowly(rig, (res) => void res.end(large)),
  },
  {
    id: 'END-111',
    title: 'MUST finish a stream under back-pressure only after the slow client has read on',
    run: (rig) => readSlowly(rig, (res) => void pipeline(Readable.from(chunks()), res, () => {})),
  },
  {
    id: 'END-112',
    title: 'MUST finish a reply that is written by hand, waiting for drain, only after the slow client has read on',
    run: (rig) => readSlowly(rig, writeByHand),
  },
  {
    id: 'END-113',
    title: 'MUST finish a file that is piped into the response',
    run: async (rig) => {
      const path = fileURLToPath(import.meta.url)
      const { size } = await stat(path)
      await rig.serve(
        ({ res }) => pipeline(createReadStream(path, { highWaterMark: 512 }), res, () => {}),
        async (app) => {
          assert.equal(await openReader(rig, app.port).resume(), size)
          assertFinished(await app.outcome(), 200)
          assertEndedOnce(app, 1)
        },
      )
    },
  },
  {
    id: 'END-114',
    title: 'MUST finish server-sent events when they end, not when the first was delivered',
    run: async (rig) => {
      const seen = gate()
      await rig.serve(
        async ({ res }) => {
          res.writeHead(200, { 'content-type': 'text/event-stream' })
          res.write('data: first\n\n')
          await seen.opened
          res.end('data: last\n\n')
        },
        async (app) => {
          const reader = openReader(rig, app.port)
          await reader.answered
          assert.equal(app.lifecycle.unended, 1)
          assert.equal(app.outcomes.length, 0)
          seen.open()
          assert.equal(await reader.resume(), 'data: first\n\ndata: last\n\n'.length)
          const outcome = assertFinished(await app.outcome(), 200)
          assert.equal(outcome.headers['content-type'], 'text/event-stream')
          assertEndedOnce(app, 1)
        },
      )
    },
  },
  {
    id: 'END-115',
    title: 'MUST finish a reply that is compressed on its way',
    needs: ['http1'],
    run: async (rig) => {
      const text = 'hello '.repeat(10_000)
      await rig.serve(
        ({ res, exchange }) => {
          exchange.onCommit((head) => head.setHeader('x-seen', String(head.getHeader('content-encoding'))))
          res.setHeader('content-encoding', 'gzip')
          pipeline(Readable.from([text.slice(0, 100), text.slice(100)]), createGzip(), res, () => {})
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.send('GET / HTTP/1.0\r\nHost: afterword.test\r\n\r\n')
          await client.gone()
          const [head = '', body = ''] = splitOnce(client.received, '\r\n\r\n')
          assert.match(head, /^x-seen: gzip$/m)
          assert.equal(gunzipSync(Buffer.from(body, 'latin1')).toString(), text)
          assertFinished(await app.outcome(), 200)
          assertEndedOnce(app, 1)
        },
      )
    },
  },
  {
    id: 'END-116',
    title: 'MUST finish an exchange whose client leaves right after the last byte',
    needs: ['http1'],
    run: (rig) =>
      rig.serve(
        ({ req, res }) => void res.end(req.url === '/large' ? large : 'hello'),
        async (app) => {
          for (const [index, path] of ['/small', '/large'].entries()) {
            const client = new RawClient(app.port)
            const length = path === '/large' ? large.length : 5
            let got = 0
            const whole = gate()
            client.socket.removeAllListeners('data')
            client.socket.on('data', (chunk: Buffer) => {
              got += got === 0 ? chunk.length - chunk.indexOf('\r\n\r\n') - 4 : chunk.length
              if (got === length) {
                // After a large reply Node still has an empty write to make, which a reset would break.
                if (path === '/large') client.leave()
                else client.reset()
                whole.open()
              }
            })
            await client.request('GET', path)
            await whole.opened
            assertFinished(await app.outcome(index + 1), 200)
          }
          assertEndedOnce(app, 2)
        },
      ),
  },
]

function* chunks(): Generator<Buffer> {
  for (let start = 0; start < large.length; start += 65_536) yield large.subarray(start, start + 65_536)
}

function writeByHand(res: ServerResponse): void {
  const rest = chunks()
  const go = (): void => {
    for (let next = rest.next(); !next.done; next = rest.next()) {
      if (!res.write(next.value)) {
        res.once('drain', go)
        return
      }
    }
    res.end()
  }
  go()
}

/** The client stops reading; other exchanges come and go meanwhile, but this one ends only after the client reads on. */
async function readSlowly(rig: Rig, send: (res: ServerResponse) => void): Promise<void> {
  await rig.serve(
    (call) => {
      if (call.req.url === '/other') call.reply(204, '')
      else send(call.res)
    },
    async (app) => {
      const reader = openReader(rig, app.port, '/slow')
      await reader.answered
      for (let others = 1; others <= 3; others++) {
        await app.ask('/other')
        assert.equal((await app.outcome(others)).url, '/other')
      }
      assert.equal(app.lifecycle.unended, 1)
      assert.equal(await reader.resume(), large.length)
      const outcome = assertFinished(await app.outcome(4), 200)
      assert.equal(outcome.url, '/slow')
      assert(outcome.bytes === null || outcome.bytes >= large.length)
      assertEndedOnce(app, 4)
    },
  )
}

function splitOnce(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator)
  return [text.slice(0, index), text.slice(index + separator.length)]
}
