import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const url = process.env['DATABASE_URL']

const tour = `
an order                                   201        ordered
the commit fails: not in stock             500        not ordered
the client leaves after the insert         no answer  not ordered
the process dies after the insert          no answer  not ordered
the process dies after the commit          no answer  ordered
its client asks again, with the same id    200        ordered

the table: sugar, tea
`

async function run(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'examples/transaction/src/main.ts', ...args], { cwd: root })
  return stdout
}

describe('the tour', () => {
  test('on PGlite', { timeout: 120_000 }, async () => {
    expect(await run()).toBe(`PGlite\n${tour}`)
  })

  // See scripts/postgres.mjs.
  if (url === undefined) test.skip('NOT RUN, for there is no DATABASE_URL: PostgreSQL, the tour of examples/transaction')
  else {
    test('on PostgreSQL', { timeout: 120_000 }, async () => {
      expect(await run(url)).toBe(`PostgreSQL\n${tour}`)
    })
  }
})
