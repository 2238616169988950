// Installs the packed packages with npm into empty projects, as a user would, and serves one request with each:
// as ESM, as CJS, compiled from TypeScript, and with both builds in one process.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { packAll } from './tarballs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const pinned = (folder) => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  return { ...dependencies, ...devDependencies }
}
const { '@types/node': nodeTypes } = pinned('.')
const { express4, '@types/express4': express4Types } = pinned('packages/conformance')
const { express, '@types/express': expressTypes } = pinned('packages/adapter-express')
const { fastify } = pinned('packages/adapter-fastify')
const { koa, '@types/koa': koaTypes } = pinned('packages/adapter-koa')
const { hono, '@hono/node-server': honoServer } = pinned('packages/adapter-hono')

// One program per file, or the declarations of one build would stand in for the other's. No skipLibCheck: they are what
// is checked.
const tsc = join(root, 'node_modules/typescript/bin/tsc')
const compiler = [tsc, '--module', 'nodenext', '--target', 'es2022', '--types', 'node', '--strict']

const expressConsumer = {
  adapter: '@afterword/adapter-express',
  imports: `import express from 'express'`,
  serve: `
    const app = express()
    app.use(lifecycle.middleware)
    app.get('/', (req, res) => {
      after(({ kind, status }) => { log.push(kind + ' ' + status) })
      req.exchange.after(() => { log.push('second') })
      res.send('hello')
    })
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')`,
  drain: `await lifecycle.drain({ server, timeout: 5000 })`,
}

const fastifyConsumer = {
  adapter: '@afterword/adapter-fastify',
  imports: `import fastify from 'fastify'`,
  serve: `
    const app = fastify()
    await app.register(lifecycle.plugin)
    app.get('/', async (request) => {
      after(({ kind, status }) => { log.push(kind + ' ' + status) })
      request.exchange.after(() => { log.push('second') })
      return 'hello'
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const server = app.server`,
  drain: `await app.close()`,
}

const koaConsumer = {
  // Koa's types do not fit what it depends on today. Ours are checked by check:types.
  flags: ['--skipLibCheck'],
  adapter: '@afterword/adapter-koa',
  imports: `import Koa from 'koa'`,
  serve: `
    const app = new Koa()
    app.use(lifecycle.middleware)
    app.use((ctx) => {
      after(({ kind, status }) => { log.push(kind + ' ' + status) })
      ctx.exchange.after(() => { log.push('second') })
      ctx.body = 'hello'
    })
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')`,
  drain: `await lifecycle.drain({ server, timeout: 5000 })`,
}

const honoConsumer = {
  adapter: '@afterword/adapter-hono',
  imports: `import { serve } from '@hono/node-server'\nimport { Hono } from 'hono'`,
  serve: `
    const app = new Hono()
    app.use(lifecycle.middleware)
    app.get('/', (c) => {
      after(({ kind, status }) => { log.push(kind + ' ' + status) })
      c.var.exchange.after(() => { log.push('second') })
      return c.text('hello')
    })
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
    await once(server, 'listening')`,
  drain: `await lifecycle.drain({ server, timeout: 5000 })`,
}

const projects = [
  {
    name: 'node',
    install: [],
    adapter: '@afterword/adapter-node',
    imports: `import { createServer } from 'node:http'`,
    serve: `
      const server = createServer(lifecycle.listener((req, res) => {
        after(({ kind, status }) => { log.push(kind + ' ' + status) })
        req.exchange.after(() => { log.push('second') })
        res.end('hello')
      }))
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')`,
    drain: `await lifecycle.drain({ server, timeout: 5000 })`,
  },
  { name: 'express-5', install: [`express@${express}`, `@types/express@${expressTypes}`], ...expressConsumer },
  { name: 'express-4', install: [`express@${express4}`, `@types/express@${express4Types}`], ...expressConsumer },
  { name: 'fastify', install: [`fastify@${fastify}`], ...fastifyConsumer },
  { name: 'koa', install: [`koa@${koa}`, `@types/koa@${koaTypes}`], ...koaConsumer },
  { name: 'hono', install: [`hono@${hono}`, `@hono/node-server@${honoServer}`], ...honoConsumer },
  // The lower ends of the peer ranges.
  { name: 'express-5-oldest', install: ['express@5.0.0', `@types/express@${expressTypes}`], ...expressConsumer },
  { name: 'express-4-oldest', install: ['express@4.18.0', `@types/express@${express4Types}`], ...expressConsumer },
  { name: 'fastify-oldest', install: ['fastify@5.0.0'], ...fastifyConsumer },
  { name: 'koa-oldest', install: ['koa@2.13.0', '@types/koa@2.15.0'], ...koaConsumer },
  { name: 'hono-oldest', install: ['hono@4.8.0', '@hono/node-server@1.13.0'], ...honoConsumer },
]

/** One text that is valid as JavaScript and as strict TypeScript; only the imports differ. */
const program = ({ imports, serve, drain }) => `
${imports}
import { strict as assert } from 'node:assert'
import { once } from 'node:events'

async function main() {
  const log = ['begun']
  const lifecycle = createLifecycle()
  ${serve}
  const { port } = Object(server.address())
  const response = await fetch('http://127.0.0.1:' + port)
  assert.equal(await response.text(), 'hello')
  ${drain}
  assert.deepEqual(log, ['begun', 'finished 200', 'second'])
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
`

const asCommonJs = (source) =>
  source.replace(/^import (.+) from ('.+')$/gm, (_, names, module) => `const ${names.replace(' as ', ': ')} = require(${module})`)

function writeConsumers(folder, project) {
  const source = `import { after, createLifecycle } from '${project.adapter}'${program(project)}`
  const bothBuilds = `
import { after as afterOfEsm, createLifecycle } from '${project.adapter}'
import { createRequire } from 'node:module'
const { after } = createRequire(import.meta.url)('${project.adapter}')
if (after === afterOfEsm) throw new Error('this was meant to load two builds')
${program(project)}`

  writeFileSync(join(folder, 'esm.mjs'), source)
  writeFileSync(join(folder, 'cjs.cjs'), asCommonJs(source))
  writeFileSync(join(folder, 'both-builds.mjs'), bothBuilds)
  writeFileSync(join(folder, 'typed-esm.mts'), source)
  writeFileSync(join(folder, 'typed-cjs.cts'), source)
}

const run = promisify(execFile)
const workspace = mkdtempSync(join(tmpdir(), 'afterword-packed-'))
process.on('exit', () => rmSync(workspace, { recursive: true, force: true }))
const packed = packAll(workspace, { kit: true })
const tarballs = packed.filter(({ name }) => name !== '@afterword/conformance').map(({ tarball }) => tarball)
let passed = 0
let failed = 0

async function check(name, cwd, ...args) {
  try {
    await run(process.execPath, args, { cwd, timeout: 60_000 })
    passed++
    console.log(`ok    ${name}`)
  } catch ({ message, stdout }) {
    failed++
    console.log(`FAIL  ${name}\n${message}\n${stdout}`)
  }
}

async function checkProject(project) {
  const folder = join(workspace, project.name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  const packages = [...tarballs, `@types/node@${nodeTypes}`, ...project.install]
  await run('npm', ['install', ...flags, ...packages], { cwd: folder, shell: process.platform === 'win32' })
  writeConsumers(folder, project)
  for (const file of ['typed-esm.mts', 'typed-cjs.cts']) await check(`${project.name} ${file}`, folder, ...compiler, ...(project.flags ?? []), file)
  for (const file of ['esm.mjs', 'cjs.cjs', 'typed-esm.mjs', 'typed-cjs.cjs', 'both-builds.mjs']) {
    await check(`${project.name} ${file}`, folder, file)
  }
}

/** What an author of an adapter does: installs the kit, writes a rig, and runs rules on it. */
async function checkKit() {
  const folder = join(workspace, 'kit')
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  const packages = [...packed.map(({ tarball }) => tarball), `@types/node@${nodeTypes}`]
  await run('npm', ['install', ...flags, ...packages], { cwd: folder, shell: process.platform === 'win32' })
  const page = readFileSync(join(root, 'packages/conformance/README.md'), 'utf8')
  writeFileSync(join(folder, 'rig.mts'), /^```ts\n([^]*?)^```$/m.exec(page)[1])
  await check('kit rig.mts', folder, ...compiler, 'rig.mts')
  await check('kit rig.mjs', folder, 'rig.mjs')
}

async function lane() {
  for (let project = projects.shift(); project; project = projects.shift()) await checkProject(project)
}

await Promise.all([lane(), lane()])
await checkKit()
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
