import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Comparison, type Sources } from './comparison.js'
import { type Server, spellings } from './spellings.js'

const sourceOf = (name: Server): string => readFileSync(new URL(`../src/servers/${name}.ts`, import.meta.url), 'utf8')
const sources: Sources = { express: sourceOf('express'), fastify: sourceOf('fastify'), node: sourceOf('node') }

/** The sources, with a change in one of them. */
function changed(name: Server, from: string, to: string): Sources {
  expect(sources[name]).toContain(from)
  return { ...sources, [name]: sources[name].replace(from, to) }
}

describe('the three servers', () => {
  test('differ only in imports, mount, and calls of the framework', () => {
    expect(new Comparison(sources).complaints).toEqual([])
  })

  test('need every difference that is allowed', () => {
    const { met } = new Comparison(sources)
    expect(spellings.filter((each) => !met.has(each))).toEqual([])
  })
})

test('what is behind the servers knows none of them', () => {
  const source = new URL('../src/', import.meta.url)
  const files = ['domain', 'lifecycle', 'storage'].flatMap((folder) => readdirSync(new URL(folder, source)).map((name) => `${folder}/${name}`))
  const packages = ['@afterword/lifecycle-core', '@afterword/example-transaction/database', 'nodemailer', 'zod']
  const known = new Set([...packages, 'node:crypto', 'node:events', 'node:stream'])
  for (const file of [...files, 'shop.ts']) {
    const imports = [...readFileSync(new URL(file, source), 'utf8').matchAll(/^import .* from '([^.].*)'$/gm)].map(([, name]) => name ?? '')
    expect(imports.filter((name) => !known.has(name)), file).toEqual([])
  }
})

describe('what is found', () => {
  test.each([
    ['a line too many', changed('express', '    res.status(201)\n', "    res.status(201)\n    res.setHeader('x-powered-by', 'tea')\n")],
    ['a line too many, which is allowed elsewhere', changed('fastify', '    res.code(201)\n', '    res.code(201)\n    res.code(201)\n')],
    ['a line too few', changed('node', '    recognise(req.headers)\n', '')],
    ['another status', changed('node', 'res.statusCode = 201', 'res.statusCode = 200')],
    ['another payload', changed('fastify', 'return res.send(order)', 'return res.send({ order })')],
    ['another path', changed('express', "app.get('/orders/:id'", "app.get('/order/:id'")],
    ['another call of the shop', changed('node', 'shop.showOrder(params)', 'shop.watchOrder(params)')],
    ['another indentation', changed('express', '    res.status(201)', '  res.status(201)')],
    ['another comment', changed('fastify', '/** Tells the client of an error. */', '/** Tells Fastify. */')],
    ['logic of its own', changed('express', '  const app = express()', "  const app = express().set('etag', false)")],
    ['a line at the end', { ...sources, node: `${sources.node}export const more = 1\n` }],
  ])('%s', (_what, wrong) => {
    expect(new Comparison(wrong).complaints).not.toEqual([])
  })

  test('an import of its own', () => {
    const wrong = changed('node', "import router from 'find-my-way'\n", "import router from 'find-my-way'\nimport { priceOf } from '../domain/prices.js'\n")
    expect(new Comparison(wrong).complaints).toEqual(["node alone: import { priceOf } from '../domain/prices.js'"])
  })
})
