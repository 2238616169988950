import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import * as express from '@afterword/adapter-express'
import * as fastify from '@afterword/adapter-fastify'
import * as hono from '@afterword/adapter-hono'
import * as koa from '@afterword/adapter-koa'
import * as core from '@afterword/lifecycle-core/adapter'
import * as conformance from '../src/index.js'
import { type Block, root } from './page.js'

// Where an example imports from: its own package first, then in this order.
const modules: readonly (readonly [specifier: string, exported: object])[] = [
  ['@afterword/adapter-express', express],
  ['@afterword/adapter-fastify', fastify],
  ['@afterword/adapter-hono', hono],
  ['@afterword/adapter-koa', koa],
  ['@afterword/lifecycle-core/adapter', core],
  ['@afterword/conformance', conformance],
  ['node:http', { createServer }],
]

/** What stands around an example in an application, which is one of Express unless the package says otherwise. */
const surroundings = {
  app: "import('express').Express",
  lifecycle: "import('@afterword/adapter-express').ExpressLifecycle",
  server: "import('node:http').Server",
  rig: "import('@afterword/conformance').Rig",
  begin: '() => Promise<any>',
}

const ofPackages: Readonly<Record<string, Partial<typeof surroundings>>> = {
  'adapter-fastify': { app: "import('fastify').FastifyInstance", lifecycle: "import('@afterword/adapter-fastify').FastifyLifecycle" },
  'adapter-hono': { app: "import('hono').Hono", lifecycle: "import('@afterword/adapter-hono').HonoLifecycle" },
  'adapter-koa': { app: "import('koa')", lifecycle: "import('@afterword/adapter-koa').KoaLifecycle" },
}

/** The application's own, of which only it knows what they are. */
const own = [
  'audit', 'authenticate', 'cache', 'commit', 'database', 'errorPage', 'expect', 'gauge', 'key', 'log', 'logger', 'mails', 'order', 'place', 'pool', 'render', 'request', 'rollback',
  'route', 'sendMail', 'sendReceipt', 'timings',
]

/** The examples in the doc comments of the packages, each with what it leaves out: imports, and what stands around it. */
export function commentBlocks(): Block[] {
  return readdirSync(join(root, 'packages')).flatMap((name) => {
    const folder = join('packages', name, 'src')
    return readdirSync(join(root, folder)).filter((file) => file.endsWith('.ts')).flatMap((file) => examplesOf(name, join(folder, file)))
  })
}

function examplesOf(packageName: string, path: string): Block[] {
  const text = readFileSync(join(root, path), 'utf8')
  return [...text.matchAll(/^( *)\* ```ts\n([^]*?)\n\1\* ```$/gm)].map(({ 1: indent = '', 2: body = '', index }) => {
    const code = body.split('\n').map((line) => line.slice(indent.length + 2)).join('\n')
    const name = `${path.replaceAll('\\', '/')}:${text.slice(0, index).split('\n').length}`
    return { name, language: 'ts', info: '', code: `${code}\n${completed(packageName, code)}`, next: undefined }
  })
}

/** What an example uses and does not declare. It stands behind the example, where it hides no line number. */
function completed(packageName: string, code: string): string {
  const declared = (name: string) => new RegExp(`(?:const|import) (?:\\{[^}]*)?\\b${name}\\b`).test(code)
  const isUsed = (name: string) => new RegExp(`(?<![.'])\\b${name}\\b(?!:)`).test(code) && !declared(name)
  const lines = new Map<string, string>()
  const take = (name: string, line: string) => {
    if (isUsed(name) && !lines.has(name)) lines.set(name, line)
  }
  for (const [specifier, exported] of modules.toSorted(([a], [b]) => Number(b.endsWith(packageName)) - Number(a.endsWith(packageName)))) {
    for (const name of Object.keys(exported)) take(name, `import { ${name} } from '${specifier}'`)
  }
  for (const [name, type] of Object.entries({ ...surroundings, ...ofPackages[packageName] })) take(name, `declare const ${name}: ${type}`)
  for (const name of own) take(name, `declare const ${name}: any`)
  return [...lines.values()].join('\n')
}
