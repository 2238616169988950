import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const script = fileURLToPath(new URL('storm-process.ts', import.meta.url))

interface Found {
  readonly [figure: string]: number
}

describe('100,000 hostile tasks in a process of their own', () => {
  it('are all accounted for, and leave no warning, no unhandled rejection and no output', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, String(seed)], { cwd: root })
    const { found, nested, problems, strays } = JSON.parse(stdout) as { found: Found[]; nested: number; problems: string[]; strays: string[] }
    expect({ problems, strays, stderr }, `seed ${seed}`).toEqual({ problems: [], strays: [], stderr: '' })
    expect(nested).toBeGreaterThan(0)
    expect(found.reduce((sum, { scheduled = 0 }) => sum + scheduled, 0)).toBeGreaterThanOrEqual(100_000)
    for (const { scheduled, completed = 0, failed = 0, timedOut = 0, cancelled = 0, refused = 0, zombies = 0, unsettled, lanes } of found) {
      expect(completed + failed + timedOut + cancelled + refused + zombies, `seed ${seed}`).toBe(scheduled)
      expect(Math.min(completed, failed, timedOut, cancelled, zombies), `seed ${seed}`).toBeGreaterThan(0)
      // Only what hangs is left, and nothing waits behind it.
      expect([unsettled, lanes]).toEqual([zombies, 0])
    }
    expect(found.map(({ refused = 0 }) => refused > 0)).toEqual([false, true, true, false])
  }, 120_000)
})
