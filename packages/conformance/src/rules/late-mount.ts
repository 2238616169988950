import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gate, Latch } from '../latch.js'
import type { Rule } from '../rule.js'
import { assertEndings, hugeBody, visit } from './ending.js'

/** Something was there before the mount, and took its time. */
export const lateMountRules: readonly Rule[] = [
  {
    id: 'END-231',
    title: 'MUST end an exchange whose client had left before the mount ran',
    needs: ['http1', 'before'],
    run: async (rig) => {
      const arrived = new Latch<ServerResponse>()
      const held = gate()
      const before = (_req: IncomingMessage, res: ServerResponse) => {
        arrived.add(res)
        return held.opened
      }
      await rig.serve(
        () => {},
        async (app) => {
          for (const [index, way] of (['reset', 'leave'] as const).entries()) {
            const { client, closed } = await visit(app)
            await client.request('GET', `/${way}`)
            const res = await arrived.nth(index + 1)
            if (way === 'leave') res.write('part')
            client[way]()
            await closed
          }
          held.open()
          await assertEndings(app, { '/reset': 'aborted client before-commit', '/leave': 'aborted client mid-response 200' })
        },
        { before },
      )
    },
  },
  {
    id: 'END-232',
    title: 'MUST finish an exchange whose response was partly written before the mount ran, and count all of its bytes',
    needs: ['http1', 'before'],
    run: async (rig) => {
      await rig.serve(
        ({ res }) => void res.end('whole'),
        async (app) => {
          const { client } = await visit(app)
          await client.request('GET', '/')
          await client.until(/whole\r\n0\r\n\r\n$/)
          await assertEndings(app, { '/': 'finished 200' })
          assert.equal(app.outcomes[0]?.bytes, client.received.length)
          client.reset()
        },
        { before: (_req, res) => void res.write('half') },
      )
    },
  },
  {
    id: 'END-237',
    title: 'MUST finish an exchange whose response was over before the mount ran',
    needs: ['http1', 'late-mount'],
    run: async (rig) => {
      await rig.serve(
        () => {},
        async (app) => {
          for (const url of ['/ended', '/closed']) {
            const { client, closed } = await visit(app)
            await client.request('GET', url)
            await client.until(/over$/)
            await app.outcome(url === '/ended' ? 1 : 2)
            client.reset()
            await closed
          }
          await assertEndings(app, { '/ended': 'finished 200', '/closed': 'finished 200' })
        },
        {
          before: async ({ url }, res) => {
            res.end('over')
            if (url === '/closed') await once(res, 'close')
          },
        },
      )
    },
  },
  {
    id: 'END-233',
    title: 'MUST wait for the last byte of a response that had ended before the mount ran',
    needs: ['http1', 'late-mount'],
    run: async (rig) => {
      const reached = new Latch<ServerResponse>()
      await rig.serve(
        ({ res }) => reached.add(res),
        async (app) => {
          for (const [index, way] of (['reset', 'resume'] as const).entries()) {
            const { client, closed } = await visit(app)
            client.stall()
            await client.request('GET', `/${way}`, ['Connection: close'])
            await reached.nth(index + 1)
            if (way === 'reset') client.reset()
            else await client.gone()
            await closed
          }
          await assertEndings(app, { '/reset': 'aborted client unflushed 200', '/resume': 'finished 200' })
        },
        { before: (_req, res) => void res.end(hugeBody) },
      )
    },
  },
  {
    id: 'END-234',
    title: 'MUST keep order on a pipelined connection when the mount runs for the second request first',
    needs: ['http1', 'before'],
    run: async (rig) => {
      const firstHeld = gate()
      const arrived = new Latch<ServerResponse>()
      const entered = new Latch<ServerResponse>()
      const before = ({ url }: IncomingMessage, res: ServerResponse) => {
        arrived.add(res)
        return url === '/first' ? firstHeld.opened : undefined
      }
      await rig.serve(
        ({ res }) => entered.add(res),
        async (app) => {
          const { client, closed } = await visit(app)
          await client.request('GET', '/first')
          await client.request('GET', '/second')
          const second = await entered.nth(1)
          second.destroy()
          firstHeld.open()
          const first = await entered.nth(2)
          first.end('hello')
          await client.gone()
          await closed
          assert.match(client.received, /hello$/)
          await assertEndings(app, { '/first': 'finished 200', '/second': 'aborted server before-commit' })
          assert.deepEqual(
            Object.fromEntries(app.outcomes.map(({ url, bytes }) => [url, bytes])),
            { '/first': client.received.length, '/second': 0 },
          )
        },
        { before },
      )
    },
  },
  {
    id: 'END-235',
    title: 'MUST abort a queued response that was destroyed before the mount ran, and close its connection in its turn',
    needs: ['http1', 'before'],
    run: async (rig) => {
      const held = gate()
      const entered = new Latch<ServerResponse>()
      const arrived = new Latch<ServerResponse>()
      const before = async ({ url }: IncomingMessage, res: ServerResponse) => {
        arrived.add(res)
        if (url === '/first') return
        res.destroy()
        await held.opened
      }
      await rig.serve(
        ({ res }) => entered.add(res),
        async (app) => {
          const { client, closed } = await visit(app)
          await client.send('GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n')
          await arrived.nth(2)
          held.open()
          await app.outcome()
          assert.equal(app.outcomes[0]?.url, '/second')
          const first = await entered.nth(1)
          first.end('hello')
          await client.gone()
          await closed
          assert.match(client.received, /hello$/)
          await assertEndings(app, { '/first': 'finished 200', '/second': 'aborted server before-commit' })
        },
        { before },
      )
    },
  },
  {
    id: 'END-238',
    title: 'MUST NOT lose what is queued behind a response that had ended before the mount ran',
    needs: ['http1', 'late-mount'],
    run: async (rig) => {
      const entered = new Latch<ServerResponse>()
      await rig.serve(
        ({ res }) => entered.add(res),
        async (app) => {
          const { client, closed } = await visit(app)
          await client.send(['/first', '/second', '/third'].map((url) => `GET ${url} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
          await entered.nth(3)
          entered.items[0]?.end('first')
          await client.until(/second$/)
          client.reset()
          await closed
          await assertEndings(app, {
            '/first': 'finished 200',
            '/second': 'finished 200',
            '/third': 'aborted client before-commit',
          })
        },
        { before: ({ url }, res) => void (url === '/second' && res.end('second')) },
      )
    },
  },
]
