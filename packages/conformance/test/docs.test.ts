import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createLifecycle as createExpress } from '@afterword/adapter-express'
import {
  after,
  afterwards,
  beforeCommit,
  captureBody,
  channelNames,
  compose,
  createLifecycle,
  errorCodes,
  onCommit,
  onPayload,
  tickMs,
  transaction,
  waitUntil,
} from '@afterword/adapter-node'
import { type Binding, nextPhase } from '@afterword/lifecycle-core/adapter'
import { describe, expect, it } from 'vitest'
import { versions } from '../../../scripts/runtimes.mjs'
import { scenarios } from '../deploy/scenarios/index.js'
import { rules } from '../src/index.js'
import { firstName, page, pages, root } from './page.js'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
  engines: { node: string }
}
const readme = page('README.md')
const sorted = (names: Iterable<string>) => [...names].toSorted()

/** The names that an unknown option is answered with. */
function accepted(call: () => unknown): string[] {
  try {
    call()
  } catch (error) {
    return /It has: ([\w, ]+)\./.exec((error as Error).message)?.[1]?.split(', ') ?? []
  }
  throw new Error('The unknown option was accepted.')
}

/** The ids in a list such as `INT-001, INT-003 to INT-005`. */
function idsOf(list: string): string[] {
  return list.split(', ').flatMap((part) => {
    const [from = 0, to = from] = [...part.matchAll(/INT-(\d+)/g)].map(([, digits]) => Number(digits))
    return Array.from({ length: to - from + 1 }, (_, at) => `INT-${String(from + at).padStart(3, '0')}`)
  })
}

/** A response that never ends. */
const silent = { attach() {} } as unknown as Binding

describe('README', () => {
  it('has at most 200 lines', () => {
    expect(readme.text.split('\n').length).toBeLessThanOrEqual(200)
  })

  it('says how to try it in two commands', () => {
    const [shell] = readme.blocks.filter(({ language }) => language === 'sh')
    expect(shell?.code).toBe('npx -y pnpm@10 demo\nnpx -y pnpm@10 test')
  })

  it('has a quick start for each server', () => {
    const adapters = readme.blocks.filter(({ language }) => language !== 'sh' && language !== 'text').map(({ code }) => /@afterword\/[\w-]+/.exec(code)?.[0])
    expect(adapters).toEqual(['@afterword/adapter-express', '@afterword/adapter-fastify', '@afterword/adapter-node'])
  })

  it('names the runtimes that are tested', () => {
    const minimum = /\d+\.\d+/.exec(manifest.engines.node)?.[0] ?? ''
    const majors = [minimum, ...versions].map((version) => version.split('.')[0])
    expect(readme.text).toContain(`Node ${minimum} and newer`)
    expect(readme.text.replaceAll('\n', ' ')).toContain(`tested on Node ${majors.slice(0, -1).join(', ')} and ${majors.at(-1)}`)
  })

  it('names the version and the sizes', () => {
    for (const name of readdirSync(join(root, 'packages'))) {
      const { version } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as { version: string }
      expect(readme.text).toContain(`\n${version}, `)
    }
    const limits = new Set(readFileSync(join(root, '.size-limit.mjs'), 'utf8').match(/(?<=')[\d.]+ kB/g))
    expect(sorted(limits)).toEqual(['1 kB', '11 kB', '16.7 kB', '2.2 kB', '3.5 kB'])
    expect(readme.text).toContain('below 16.7 kB, adapter-node below 11 kB, adapter-express below 3.5 kB, adapter-fastify below 2.2 kB, those of Koa and Hono below 1 kB')
  })
})

describe('ARCHITECTURE', () => {
  it.each(['adapter-koa', 'adapter-hono'])('says how few lines of code %s has', (name) => {
    const most = Number(/of (\d+) lines of code at most/.exec(page('ARCHITECTURE.md').text)?.[1])
    const code = readFileSync(join(root, 'packages', name, 'src/index.ts'), 'utf8').replaceAll(/\/\*[^]*?\*\//g, '')
    const lines = code.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('//'))
    expect(lines.length).toBeLessThanOrEqual(most)
  })
})

describe('tables', () => {
  it('lists every error code', () => {
    const [table] = page('docs/errors.md').tables('codes')
    expect(sorted(table?.rows.map(firstName) ?? [])).toEqual(sorted(Object.keys(errorCodes)))
  })

  it('lists every channel', () => {
    const [table] = page('docs/outcome.md').tables('channels')
    const documented = table?.rows.map((row) => [firstName(row), firstName(row.slice(1))]) ?? []
    expect(Object.fromEntries(documented)).toEqual(channelNames)
  })

  it('lists every script', () => {
    const [table] = page('CONTRIBUTING.md').tables('commands')
    expect(sorted(table?.rows.map((row) => firstName(row).replace(/^pnpm (run )?/, '')) ?? [])).toEqual(sorted(Object.keys(manifest.scripts)))
  })

  it('draws the machine as it is', () => {
    const [table] = page('ARCHITECTURE.md').tables('machine')
    const signals = ['handle', 'commit', 'finish', 'abort', 'drain'] as const
    const phases = ['received', 'handling', 'committed', 'finished', 'aborted', 'drained'] as const
    const actual = phases.map((phase) => [phase, ...signals.map((signal) => nextPhase(phase, signal) ?? '-')])
    expect(table?.rows).toEqual(actual)
  })

  const options = page('docs/options.md').tables('members')
  const names = (of: string) => sorted(options.find((table) => table.of === of)?.rows.map(firstName) ?? [])

  it('lists every option that the code accepts', () => {
    const unknown = { noSuchOption: 1 } as object
    const lifecycle = createLifecycle()
    expect(names('LifecycleOptions')).toEqual(sorted(accepted(() => createLifecycle(unknown))))
    expect(names('DrainOptions')).toEqual(sorted(accepted(() => lifecycle.drain(unknown))))
    const exchange = lifecycle.begin(silent, {}, 'GET', '/')
    expect(names('CaptureOptions')).toEqual(sorted(accepted(() => exchange.captureBody(unknown))))
    expect(names('TaskOptions')).toEqual(sorted(accepted(() => exchange.after(() => {}, unknown))))
  })

  it('gives the defaults that the code has', () => {
    const { options: actual } = createLifecycle()
    for (const row of options.find(({ of }) => of === 'LifecycleOptions')?.rows ?? []) {
      const name = firstName(row) as keyof typeof actual
      if (actual[name] === undefined) continue
      expect(firstName(row.slice(2)).replaceAll('_', ''), name).toBe(String(actual[name]))
    }
    expect(page('docs/options.md').text).toContain(`(${tickMs} ms)`)
    const drain = readFileSync(join(root, 'packages/lifecycle-core/src/drain.ts'), 'utf8')
    expect(drain).toContain('timeout = 10_000, softTimeout = timeout * 0.75')
  })
})

describe('bad input', () => {
  const [table] = page('docs/errors.md').tables('bad input')
  const lifecycle = createLifecycle()
  const exchange = lifecycle.begin(silent, {}, 'GET', '/')
  const outside = { after, onCommit, beforeCommit, onPayload, captureBody, waitUntil }
  const inside = {
    afterwards,
    compose,
    createLifecycle,
    transaction,
    after: exchange.after.bind(exchange),
    onCommit: exchange.onCommit.bind(exchange),
    beforeCommit: exchange.beforeCommit.bind(exchange),
    waitUntil: exchange.waitUntil.bind(exchange),
    onPayload: exchange.onPayload.bind(exchange),
    captureBody: exchange.captureBody.bind(exchange),
    drain: lifecycle.drain.bind(lifecycle),
    listener: lifecycle.listener.bind(lifecycle),
    attach: lifecycle.attach.bind(lifecycle),
    faultsTo: (app: never) => createExpress().faultsTo(app),
  }

  for (const [input = '', result = ''] of table?.rows ?? []) {
    const code = /throws `(\w+)`/.exec(result)?.[1]
    const calls = [...input.matchAll(/`(\w+\([^`]+\))`/g)].map(([, call = '']) => call)
    if (code === undefined || calls.length === 0) continue
    const scope = { task() {}, ...(input.startsWith('outside') ? outside : inside) }

    it.each(calls)(`%s is answered with ${code}`, (call) => {
      // oxlint-disable-next-line no-implied-eval -- the text of the table is what is tested
      const run = new Function(...Object.keys(scope), `return ${call}`) as (...values: unknown[]) => unknown
      expect(() => run(...Object.values(scope))).toThrow(expect.objectContaining({ code }))
      expect(lifecycle.state).toBe('accepting')
    })
  }
})

describe('other packages', () => {
  const folder = join(root, 'packages/conformance/test/interop')
  const tests = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'packages/conformance/package.json'), 'utf8')) as Record<string, Record<string, string>>
  const [table] = page('docs/packages.md').tables('packages')
  const rows = (table?.rows ?? []).map((row) => ({ name: firstName(row), version: row[1], ids: idsOf(row[4] ?? '') }))
  const modules: Record<string, string> = { 'express.static': 'express', 'app.inject()': 'fastify' }

  it('are listed with every test', () => {
    const ids = tests.flatMap((text) => text.match(/\bINT-\d+/g) ?? [])
    expect(ids).toEqual([...new Set(ids)])
    expect(sorted(new Set(rows.flatMap((row) => row.ids)))).toEqual(sorted(ids))
  })

  it.each(rows)('$name is tested, with this version', ({ name, version, ids }) => {
    const module = modules[name] ?? name
    expect({ ...dependencies, ...devDependencies }[module]).toBe(version)
    for (const id of ids) expect(tests.find((text) => text.includes(id)), id).toContain(` from '${module}'`)
  })
})

describe('the tree', () => {
  for (const { path, text } of [page('ARCHITECTURE.md')]) {
    const tree = /<!-- tree -->\n```text\n([\s\S]*?)\n```/.exec(text)?.[1] ?? ''
    const folders: string[] = []
    const listed = tree.split('\n').map((line) => {
      const name = line.trim().split(/\s/)[0] ?? ''
      folders.length = (line.length - line.trimStart().length) / 2
      folders.push(name)
      return folders.join('')
    })

    it(`of ${path} is there`, () => {
      expect(listed.length).toBeGreaterThan(5)
      for (const each of listed) expect(existsSync(join(root, each)), each).toBe(true)
    })

    it(`of ${path} leaves out no source file`, () => {
      for (const folder of listed.filter((each) => each.endsWith('/src/'))) {
        const files = readdirSync(join(root, folder)).filter((name) => statSync(join(root, folder, name)).isFile())
        const missing = files.filter((name) => !listed.includes(folder + name))
        // An index of re-exports explains itself where the others are listed.
        expect(missing.filter((name) => !folder.includes('conformance') || name !== 'index.ts')).toEqual([])
      }
    })
  }
})

describe('references', () => {
  for (const each of pages) {
    it(`of ${each.path} lead somewhere`, () => {
      for (const { path, anchor } of each.localLinks) {
        expect(existsSync(join(root, path)), path).toBe(true)
        if (anchor !== '') expect(page(path).anchors, `${path}#${anchor}`).toContain(anchor)
      }
    })

    it(`of ${each.path} name rules and commands that exist`, () => {
      const ids = new Set([...rules, ...scenarios].map(({ id }) => id))
      const groups = sorted(new Set([...ids].map((id) => id.split('-')[0] ?? '')))
      for (const [id] of each.prose.matchAll(new RegExp(`\\b(?:${groups.join('|')})-\\d+\\b`, 'g'))) expect(ids, each.path).toContain(id)
      for (const [, list = ''] of each.prose.matchAll(/\((?:Rules )?([A-Z][A-Z0-9]+(?:, [A-Z][A-Z0-9]+)*)\)/g)) {
        for (const group of list.split(', ')) expect(groups.includes(group) || group === 'CONNECT', group).toBe(true)
      }
      for (const [, command = ''] of each.text.matchAll(/\bpnpm(?:@10)? (?:run )?([a-z][\w:]*)/g)) {
        if (!['exec', 'comes'].includes(command)) expect(manifest.scripts, each.path).toHaveProperty([command])
      }
    })
  }
})
