import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CommitListener } from '@afterword/lifecycle-core'
import { RawClient } from '../client.js'
import type { Rig } from '../rig.js'
import type { Rule } from '../rule.js'
import { forms, play, type Form } from './head-forms.js'
import { isHttp2, serveBare, wireReply } from './head-wire.js'

/** Every form of a head: the client must receive what it would receive without this library. */
export const headNativeRules: readonly Rule[] = [
  {
    id: 'COM-010',
    title: 'MUST put every form of head on the wire as it is without a mount',
    run: (rig) => compare(rig, undefined),
  },
  {
    id: 'COM-011',
    title: 'MUST put every form of head on the wire as it is without a mount, when commit listeners look at it',
    run: (rig) => compare(rig, (head) => void head.getHeaderNames().map((name) => head.getHeader(name))),
  },
  {
    id: 'COM-012',
    title: 'MUST keep commit listeners for the head that replaces a refused one',
    run: async (rig) => {
      const applicable = formsOf(rig)
      const calls: number[] = applicable.map(() => 0)
      await rig.serve(
        ({ req, res, exchange }) => {
          const index = indexOf(req)
          exchange.onCommit((head) => {
            calls[index]!++
            head.setHeader('x-seen', head.status)
          })
          play(applicable[index] as Form, res)
        },
        async (app) => {
          for (const [index, { name }] of applicable.entries()) {
            const reply = await wireReply(rig, app.port, `/${index}`)
            assert.equal(calls[index], 1, name)
            assert.match(reply, /^x-seen: \d+$/m, name)
            const status = /\b\d{3}\b/.exec(reply)?.[0]
            assert.equal(/^x-seen: (\d+)$/m.exec(reply)?.[1], status, name)
            assert.equal(String((await app.outcome(index + 1)).status), status, name)
          }
          assert.equal(app.faults.length, 0)
        },
      )
    },
  },
  {
    id: 'COM-032',
    title: 'MUST take a 101 that the handler writes for the commit',
    needs: ['http1'],
    run: (rig) =>
      rig.serve(
        ({ res, exchange }) => {
          exchange.onCommit((head) => head.setHeader('x-seen', head.status))
          res.writeHead(101, { upgrade: 'chat', connection: 'upgrade' })
          res.end()
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 101 .*\r\nx-seen: 101\r\n/s)
          client.leave()
          const { kind, status } = await app.outcome()
          assert.deepEqual([kind, status], ['finished', 101])
        },
      ),
  },
]

async function compare(rig: Rig, listener: CommitListener | undefined): Promise<void> {
  const applicable = formsOf(rig)
  const ask = async (port: number): Promise<string[]> => {
    const replies: string[] = []
    for (const [index, { name }] of applicable.entries()) replies.push(`${name}\n${await wireReply(rig, port, `/${index}`)}`)
    return replies
  }
  let expected: string[] = []
  await serveBare(rig, (req: IncomingMessage, res: ServerResponse) => play(applicable[indexOf(req)] as Form, res), async ({ port }) => {
    expected = await ask(port)
  })
  await rig.serve(
    ({ req, res, exchange }) => {
      if (listener !== undefined) exchange.onCommit(listener)
      play(applicable[indexOf(req)] as Form, res)
    },
    async (app) => {
      assert.deepEqual(await ask(app.port), expected)
      await app.outcome(applicable.length)
      const statuses = expected.map((reply) => Number(/\b\d{3}\b/.exec(reply.slice(reply.indexOf('\n')))?.[0]))
      assert.deepEqual(app.outcomes.map(({ status }) => status), statuses)
      assert(app.outcomes.every(({ kind, status }) => kind === 'finished' && status !== null))
      assert.equal(app.faults.length, 0)
    },
  )
}

function formsOf(rig: Rig): readonly Form[] {
  const other = isHttp2(rig) ? 'http1' : 'http2'
  return forms.filter(({ only }) => only !== other)
}

function indexOf(req: IncomingMessage): number {
  return Number((req.url ?? '').slice(1))
}
