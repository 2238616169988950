import { describe, expect, it, onTestFinished } from 'vitest'
import { firstName, pages } from './page.js'
import { isServer, Program } from './program.js'
import { Types } from './types.js'

const modules = pages.flatMap((each) => each.blocks).filter(({ language }) => language === 'ts')

describe('examples', () => {
  const types = new Types(modules)

  it('type-check', () => {
    expect(modules.length).toBeGreaterThan(10)
    expect(types.errors).toEqual([])
  }, 60_000)

  for (const each of pages) {
    for (const { of, rows } of each.tables('members')) {
      it(`of ${each.path} stand beside every member of ${of}`, () => {
        expect(rows.map(firstName).toSorted()).toEqual(types.members(of).toSorted())
      }, 60_000)
    }
  }

  for (const block of modules.filter(({ next }) => next?.info.startsWith('printed'))) {
    it(`${block.name} prints what it says`, async () => {
      const program = await Program.start(block)
      onTestFinished(() => program.signal('SIGKILL'))
      const { code, lines, errors } = await program.ended
      const expected = block.next?.code.split('\n') ?? []
      const unordered = block.next?.info === 'printed unordered'
      expect({ code, errors, lines: unordered ? lines.toSorted() : lines }).toEqual({
        code: 0,
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
})
