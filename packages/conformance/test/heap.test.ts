import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Runs a script with the garbage collector at hand, and returns what it printed. */
async function run(script: string, ...args: string[]): Promise<unknown> {
  const flags = ['--expose-gc', '--import', 'tsx', fileURLToPath(new URL(script, import.meta.url)), ...args]
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: root, env: { ...process.env, TSX_TSCONFIG_PATH: `${root}tsconfig.json` } })
  return JSON.parse(stdout)
}

describe('after the end, while a task of the exchange still runs', () => {
  it.each([
    ['node', ['req', 'res']],
    ['express', ['req', 'res', 'Express request']],
    ['fastify', ['req', 'res', 'request', 'reply']],
  ])('the request and the response of %s are garbage', async (server, watched) => {
    expect(await run('heap-process.ts', server)).toEqual({ watched, held: [], outcome: 'finished', status: 200 })
  }, 60_000)
})

describe('captured bodies', () => {
  it('are kept for the tasks, and not behind them, though the outcomes are', async () => {
    const { sent, outcomes, during, after } = (await run('capture-process.ts')) as Record<string, number>
    expect(outcomes).toBe(200)
    expect(during).toBeGreaterThan(sent as number)
    expect(after).toBeLessThan((sent as number) / 10)
  }, 60_000)
})
