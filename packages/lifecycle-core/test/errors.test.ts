import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { errorCodes, LifecycleError, type ErrorCode } from '../src/errors.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const page = `${root}docs/errors.md`
const codes = Object.keys(errorCodes) as ErrorCode[]

describe('LifecycleError', () => {
  it('carries its code, also in the message, and its cause', () => {
    const cause = new Error('why')
    const error = new LifecycleError('ERR_LIFECYCLE_SEALED', 'Too late.', { cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'LifecycleError', code: 'ERR_LIFECYCLE_SEALED', message: 'Too late. [ERR_LIFECYCLE_SEALED]', cause })
    expect(error.stack).toContain('errors.test')
  })

  it('shows no brand when it is printed or serialized', () => {
    const error = new LifecycleError('ERR_LIFECYCLE_SEALED', 'Too late.')
    expect(Object.keys(error).toSorted()).toEqual(['code', 'name'])
  })

  it('is recognized across copies of the package, both ways', async () => {
    vi.resetModules()
    const other = await import('../src/errors.js')
    expect(other.LifecycleError).not.toBe(LifecycleError)
    expect(new other.LifecycleError('ERR_LIFECYCLE_SEALED', '')).toBeInstanceOf(LifecycleError)
    expect(new LifecycleError('ERR_LIFECYCLE_SEALED', '')).toBeInstanceOf(other.LifecycleError)
  })

  it.each([undefined, null, 0, 'ERR_LIFECYCLE_SEALED', new Error('no'), {}, Object.assign(new Error('no'), { code: 'ERR_LIFECYCLE_SEALED' })])(
    'does not recognize %s',
    (value) => expect(value instanceof LifecycleError).toBe(false),
  )
})

describe('the list of codes', () => {
  it('is closed: names follow the pattern, each has a sentence', () => {
    for (const code of codes) {
      expect(code).toMatch(/^ERR_LIFECYCLE(_[A-Z]+)+$/)
      expect(errorCodes[code]).toMatch(/^[A-Z].*\.$/)
    }
  })

  it('holds what the sources use, no more and no less', () => {
    const used = new Set<string>()
    for (const name of readdirSync(`${root}packages`).filter((each) => each !== 'conformance')) {
      for (const file of readdirSync(`${root}packages/${name}/src`, { recursive: true, encoding: 'utf8' })) {
        if (!file.endsWith('.ts') || file.endsWith('errors.ts')) continue
        const code = readFileSync(`${root}packages/${name}/src/${file}`, 'utf8').replaceAll(/^\s*(\*|\/\/).*$/gm, '')
        for (const [match] of code.matchAll(/ERR_LIFECYCLE_[A-Z_]+/g)) used.add(match)
      }
    }
    expect([...used].toSorted()).toEqual(codes.toSorted())
  })

  it.runIf(existsSync(page))('is the list in the docs', () => {
    const documented = new Set([...readFileSync(page, 'utf8').matchAll(/ERR_LIFECYCLE_[A-Z_]+/g)].map(([match]) => match))
    expect([...documented].toSorted()).toEqual(codes.toSorted())
  })
})
