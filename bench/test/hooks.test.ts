import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repository } from '../src/bundle.js'
import { hooksTable, readHooks } from '../src/report/hooks.js'

describe('docs/before-commit.md', () => {
  it('shows what hooks were found to cost', () => {
    const page = readFileSync(join(repository, 'docs/before-commit.md'), 'utf8')
    const [, table] = /<!-- hooks cost -->\n([^]*?)\n<!-- \/hooks cost -->/.exec(page) ?? []
    expect(table).toBe(hooksTable(readHooks()))
  })
})
