// Compiles a program against the packed declarations with every TypeScript from the oldest to the newest that is
// supported, and with the types of every Node.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packAll } from './tarballs.mjs'

const compilers = ['5.4.5', '5.9.3', '6.0.3', '7.0.2']
const nodeTypes = ['20.19.43', '22.20.5', '24.19.2', '26.6.6']
const frameworks = [
  'express@5.3.0', '@types/express@5.0.6', 'fastify@5.12.8',
  'koa@3.3.0', '@types/koa@3.0.3', 'hono@4.13.19', '@hono/node-server@2.1.8',
]

const run = promisify(execFile)
const workspace = mkdtempSync(join(tmpdir(), 'afterword-declarations-'))
process.on('exit', () => rmSync(workspace, { recursive: true, force: true }))

const program = `
import { createServer } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import { createLifecycle, LifecycleError, type DrainReport, type Exchange, type Outcome, type TaskHandle } from '@afterword/adapter-node'
import { createLifecycle as forExpress } from '@afterword/adapter-express'
import { createLifecycle as forFastify } from '@afterword/adapter-fastify'
import { createLifecycle as forHono } from '@afterword/adapter-hono'
import { createLifecycle as forKoa } from '@afterword/adapter-koa'
import { Hono } from 'hono'
import Koa from 'koa'

const lifecycle = createLifecycle({ onOutcome: (outcome: Outcome) => outcome.status, onError: (error, fault) => [error, fault.source] })
const server = createServer(lifecycle.listener((req, res) => {
  const handle: TaskHandle = req.exchange.after(async ({ kind }, { signal }) => [kind, signal.aborted])
  void handle.done
  res.end()
}))
export const report: Promise<DrainReport> = lifecycle.drain({ server })

const app = express()
app.use(forExpress().middleware)
app.get('/', (req, res) => {
  const exchange: Exchange = req.exchange
  res.send(exchange.id)
})

const instance = fastify()
await instance.register(forFastify().plugin)
instance.get('/', async (request) => request.exchange.route)

const koa = new Koa()
koa.use(forKoa().middleware)
koa.use((ctx) => void (ctx.body = ctx.exchange.id))
const typed = new Koa<{ user: string }, { database: object }>()
typed.use(forKoa().middleware)
typed.use((ctx) => void (ctx.body = ctx.exchange.id + ctx.state.user))

const hono = new Hono()
hono.use(forHono().middleware)
hono.get('/', (c) => c.text(c.var.exchange.id))

// @ts-expect-error a task is a function or a promise
lifecycle.listener((req) => req.exchange.after('mail'))
// @ts-expect-error a listener takes no option of that name
createLifecycle({ onErrors: () => {} })

export const isOurs = (error: unknown): boolean => error instanceof LifecycleError && error.code === 'ERR_LIFECYCLE_COMMITTED'
`

const npm = async (cwd, ...packages) => {
  mkdirSync(cwd, { recursive: true })
  writeFileSync(join(cwd, 'package.json'), '{ "private": true, "type": "module" }')
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', '--ignore-scripts']
  await run('npm', ['install', ...flags, ...packages], { cwd, shell: process.platform === 'win32' })
}

const tarballs = packAll(workspace).map(({ tarball }) => tarball)
const tools = join(workspace, 'tools')
await npm(tools, ...compilers.map((version) => `typescript-${version}@npm:typescript@${version}`))

let passed = 0
let failed = 0

/** Only what concerns us: other packages' declarations need not suit every compiler. */
const ours = /^(program\.mts|node_modules\/@afterword\/)/

async function compile(cwd, version, types) {
  const tsc = join(tools, `node_modules/typescript-${version}/bin/tsc`)
  const options = ['--noEmit', '--module', 'nodenext', '--target', 'es2022', '--types', 'node', '--strict', '--exactOptionalPropertyTypes']
  let output = ''
  try {
    await run(process.execPath, [tsc, ...options, 'program.mts'], { cwd, timeout: 120_000 })
  } catch ({ stdout, message }) {
    output = stdout || message
  }
  const errors = output.split('\n').filter((line) => ours.test(line) || line.startsWith('error '))
  if (errors.length === 0) passed++
  else failed++
  console.log(`${errors.length === 0 ? 'ok  ' : 'FAIL'}  TypeScript ${version}, @types/node ${types}`)
  for (const error of errors) console.log(`      ${error}`)
}

for (const types of nodeTypes) {
  const folder = join(workspace, types)
  await npm(folder, ...tarballs, `@types/node@${types}`, ...frameworks)
  writeFileSync(join(folder, 'program.mts'), program)
  await Promise.all([compilers.slice(0, 2), compilers.slice(2)].map(async (half) => {
    for (const version of half) await compile(folder, version, types)
  }))
}

console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
