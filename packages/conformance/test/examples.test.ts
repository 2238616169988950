import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { commentBlocks } from './comments.js'
import { type Block, firstName, pages, root } from './page.js'
import { isProbed, isServer, Program } from './program.js'
import { Types } from './types.js'

const blocks = pages.flatMap((each) => each.blocks)
const code = blocks.filter(({ language }) => language === 'ts' || language === 'js')
// Next is installed and the block run in it by `scripts/next.mjs`.
const modules = code.filter(({ next }) => next?.info !== 'printed by next')

const isPrinting = ({ next }: Block) => next?.info.startsWith('printed') === true
/** A table of rules, which says in its last line whether they hold, and exits. */
const isTable = (block: Block) => block.code.includes('await runTable(')

/** What says nothing when it is run, by a part of it and with the reason. It is run all the same, and must not fail. */
const silent: readonly { readonly has: string; readonly because: string }[] = [
  { has: 'class ReplyLifecycle', because: 'binds a server that does not exist' },
  { has: "id: 'XYZ-001'", because: 'a rule, for the runner' },
  { has: 'createLifecycle({ guard: true })\nconst app = express()', because: 'how to switch it on; the next block replies' },
  { has: 'signal: req.exchange.signal', because: 'asks a server of somebody else' },
  { has: '{ key: user, ', because: 'asks a server of somebody else' },
  { has: "name: 'receipt', when: 'success'", because: 'asks a server of somebody else' },
  { has: 'transaction<PoolClient>', because: 'needs a database; examples/transaction has one' },
  { has: "transaction === 'committed'", because: 'a function for a handler' },
  { has: 'after(() => sendMail(order))', because: 'a function for a handler' },
]

describe('examples', () => {
  const types = new Types(modules)

  it('type-check', () => {
    expect(modules.length).toBeGreaterThan(10)
    expect(types.errors).toEqual([])
  }, 60_000)

  it('in doc comments type-check', () => {
    const comments = commentBlocks()
    expect(comments.length).toBeGreaterThan(30)
    expect(new Types(comments).errors).toEqual([])
  }, 60_000)

  it('are in these languages', () => {
    expect([...new Set(blocks.map(({ language }) => language))].toSorted()).toEqual(['js', 'sh', 'text', 'ts'])
    expect(code.length - modules.length).toBe(1)
  })

  for (const each of pages) {
    for (const { of, rows } of each.tables('members')) {
      it(`of ${each.path} stand beside every member of ${of}`, () => {
        expect(rows.map(firstName).toSorted()).toEqual(types.members(of).toSorted())
      }, 60_000)
    }
  }

  for (const block of modules.filter(isPrinting)) {
    it(`${block.name} prints what it says`, async () => {
      const program = await Program.start(block)
      onTestFinished(() => program.signal('SIGKILL'))
      const { code: exitCode, lines, errors } = await program.ended
      const expected = block.next?.code.split('\n') ?? []
      const unordered = block.next?.info === 'printed unordered'
      expect({ exitCode, errors, lines: unordered ? lines.toSorted() : lines }).toEqual({
        exitCode: 0,
        errors: '',
        lines: unordered ? expected.toSorted() : expected,
      })
    }, 60_000)
  }

  for (const block of modules.filter(isServer)) {
    it(`${block.name} answers, runs its task and drains`, async () => {
      const program = await Program.start(block)
      onTestFinished(() => program.signal('SIGKILL'))
      const response = await fetch(`http://127.0.0.1:${await program.port}/`)
      expect(response.status).toBe(200)
      expect(await response.text()).toContain('hello')
      if (block.code.includes('x-exchange')) expect(response.headers.get('x-exchange')).toMatch(/^\w+-\w+$/)
      await program.printed(block.code.includes('method,') ? 'GET / finished 200' : '/ finished 200')
      program.signal('SIGTERM')
      expect(await program.ended).toMatchObject({ code: 0, errors: '' })
    }, 60_000)
  }

  for (const block of modules.filter(isProbed)) {
    it(`${block.name} is ready, and then drains on a signal`, async () => {
      const program = await Program.start(block)
      onTestFinished(() => program.signal('SIGKILL'))
      const ready = `http://127.0.0.1:${await program.port}/ready`
      expect((await fetch(ready)).status).toBe(200)
      program.signal('SIGTERM')
      // Until it has heard of it.
      while ((await fetch(ready)).status !== 503);
      program.signal('SIGTERM')
      const { code: exitCode, lines, errors } = await program.ended
      expect({ exitCode, lines }).toEqual({ exitCode: 0, lines: ['now close the database'] })
      expect(errors).toContain('Nothing was lost.')
    }, 60_000)
  }

  for (const block of modules.filter(isTable)) {
    it(`${block.name} keeps the rules`, async () => {
      const program = await Program.start(block)
      onTestFinished(() => program.signal('SIGKILL'))
      const { code: exitCode, lines, errors } = await program.ended
      expect({ exitCode, errors, tally: lines.at(-1) }).toEqual({ exitCode: 0, errors: '', tally: expect.stringMatching(/^[1-9]\d* passed, 0 failed$/) })
    }, 300_000)
  }

  const rest = modules.filter((block) => ![isPrinting, isServer, isProbed, isTable].some((is) => is(block)))

  it('that say nothing are those that are meant to', () => {
    const found = rest.map((block) => silent.findIndex(({ has }) => block.code.includes(has)))
    expect(found.toSorted((a, b) => a - b)).toEqual([...silent.keys()])
  })

  it.each(rest)('$name runs', async (block) => {
    const program = await Program.start(block)
    onTestFinished(() => program.signal('SIGKILL'))
    expect(await program.ended).toEqual({ code: 0, errors: '', lines: [] })
  }, 60_000)
})

describe('commands', () => {
  const shells = blocks.filter(({ language }) => language === 'sh')
  const lines = shells.flatMap(({ name, code: text }) => text.split('\n').map((line) => ({ name, line })))
  // The quick starts of the README are replayed by `scripts/transcripts.mjs`.
  const replayed = /^(npx tsc .*|node) server\.\w+$/

  it.each(lines)('$name: $line', ({ name, line }) => {
    const [, file] = /exec tsx (\S+)/.exec(line) ?? []
    if (file !== undefined) expect(existsSync(join(root, file)), file).toBe(true)
    const [, installed] = /^npm install ([^#]+)/.exec(line) ?? []
    if (installed !== undefined) expect(installable(name)).toEqual(expect.arrayContaining(installed.trim().split(' ')))
    // That a script is there is what docs.test.ts checks.
    else if (!/^(npx -y pnpm@10|pnpm) /.test(line)) expect(line).toMatch(replayed)
  })
})

/** What an application installs with an adapter, beside the tools for its types. */
function installable(page: string): string[] {
  const names = /packages\/([\w-]+)/.exec(page)?.slice(1) ?? ['adapter-express', 'adapter-fastify', 'adapter-node']
  const manifests = names.map((name) => JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as { name: string; peerDependencies?: object })
  const peers = manifests.flatMap(({ name, peerDependencies }) => [name, ...Object.keys(peerDependencies ?? {})])
  return [...peers, '--save-dev', '@types/koa', '@types/node', 'typescript']
}

describe('drawings and samples', () => {
  it('are these, each held to what it shows by another test, but for the picture of the phases', () => {
    const drawn = blocks.filter(({ language, info }) => language === 'text' && info === '')
    expect(drawn.map(({ name, code: text }) => [name.split(':')[0], /\w+/.exec(text)?.[0]])).toEqual([
      ['ARCHITECTURE.md', 'packages'],
      ['README.md', 'received'],
      ['docs/drain.md', 'Drained'],
      ['docs/guard.md', 'node'],
    ])
  })
})
