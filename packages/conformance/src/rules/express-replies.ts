import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RawClient } from '../client.js'
import type { Rule } from '../rule.js'
import { serve } from './express-own.js'

const needs = ['express'] as const

/** Express's own ways to reply. */
export const expressReplyRules: readonly Rule[] = [
  {
    id: 'EXP-001',
    title: 'MUST tell the route with the path of every router it is mounted in, and the url as the client sent it',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app, lifecycle, express) => {
          app.use(lifecycle.middleware)
          const users = express.Router()
          users.get('/:id', (_req, res) => void res.send('one'))
          users.get(['/a/b', '/c/d'], (_req, res) => void res.send('some'))
          users.get(['/e/f', '/g/h'], (_req, res) => void res.send('others'))
          const api = express()
          api.use('/users', users)
          app.use('/api', api)
        },
        async (app) => {
          await app.ask('/api/users/7?full=1')
          assert.deepEqual([(await app.outcome()).route, (await app.outcome()).url], ['/api/users/:id', '/api/users/7?full=1'])
          await app.ask('/api/users/c/d')
          assert.equal((await app.outcome(2)).route, '/api/users/a/b,/c/d')
          await app.ask('/api/users/e/f')
          assert.equal((await app.outcome(3)).route, '/api/users/e/f,/g/h')
          await app.ask('/api/users/a/b')
          assert.equal((await app.outcome(4)).route, '/api/users/a/b,/c/d')
        },
      ),
  },
  {
    id: 'EXP-002',
    title: 'MUST finish a request that no route takes as 404, without a route and without an error',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.use(lifecycle.errorMiddleware)
        },
        async (app) => {
          assert.equal((await app.ask('/nothing')).status, 404)
          const { kind, status, route, error } = await app.outcome()
          assert.deepEqual({ kind, status, route, error }, { kind: 'finished', status: 404, route: null, error: undefined })
        },
      ),
  },
  {
    id: 'EXP-003',
    title: 'MUST finish res.sendFile, res.redirect, res.download and express.static once, not modified and not found included',
    needs,
    run: async (rig) => {
      const folder = mkdtempSync(join(tmpdir(), 'afterword-'))
      const file = join(folder, 'page.txt')
      writeFileSync(file, 'a whole page')
      try {
        await serve(
          rig,
          (app, lifecycle, express) => {
            app.use(lifecycle.middleware)
            app.get('/file', (_req, res) => res.sendFile(file))
            app.get('/download', (_req, res) => res.download(file))
            app.get('/away', (_req, res) => res.redirect('/file'))
            app.use('/static', express.static(folder))
          },
          async (app) => {
            const { headers, body } = await app.ask('/file')
            assert.equal(body, 'a whole page')
            assert.equal((await app.outcome()).headers['content-length'], '12')
            const questions: [string, number, Record<string, string>?][] = [
              ['/file', 304, { 'if-none-match': String(headers['etag']) }],
              ['/download', 200],
              ['/away', 302],
              ['/static/page.txt', 200],
              ['/static/page.txt', 206, { range: 'bytes=0-3' }],
              ['/static/nothing', 404],
            ]
            for (const [index, [path, status, fields]] of questions.entries()) {
              assert.equal((await app.ask(path, fields && { headers: fields })).status, status)
              const outcome = await app.outcome(index + 2)
              assert.deepEqual([outcome.kind, outcome.status], ['finished', status])
            }
            await app.lifecycle.idle()
            assert.equal(app.outcomes.length, questions.length + 1)
          },
        )
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  },
  {
    id: 'EXP-004',
    title: 'MUST abort res.sendFile as client, mid-response, when the client leaves',
    needs,
    run: (rig) =>
      serve(
        rig,
        (app, lifecycle) => {
          app.use(lifecycle.middleware)
          app.get('/', (_req, res) => res.sendFile(process.execPath, { dotfiles: 'allow' }))
          app.use(lifecycle.errorMiddleware)
        },
        async (app) => {
          const client = new RawClient(app.port)
          await client.request('GET', '/')
          await client.until(/\r\n\r\n/)
          client.stall()
          client.reset()
          const { kind, reason, position, status } = await app.outcome()
          assert.deepEqual({ kind, reason, position, status }, { kind: 'aborted', reason: 'client', position: 'mid-response', status: 200 })
          await app.lifecycle.idle()
          assert.deepEqual([app.outcomes.length, app.faults.length], [1, 0])
        },
      ),
  },
]
