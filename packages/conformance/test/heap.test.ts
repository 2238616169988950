import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const script = fileURLToPath(new URL('heap-process.ts', import.meta.url))

describe('after the end, while a task of the exchange still runs', () => {
  it.each([
    ['node', ['req', 'res']],
    ['express', ['req', 'res', 'Express request']],
    ['fastify', ['req', 'res', 'request', 'reply']],
  ])('the request and the response of %s are garbage', async (server, watched) => {
    const flags = ['--expose-gc', '--import', 'tsx', script, server]
    const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: root, env: { ...process.env, TSX_TSCONFIG_PATH: `${root}tsconfig.json` } })
    expect(JSON.parse(stdout)).toEqual({ watched, held: [], outcome: 'finished', status: 200 })
  }, 60_000)
})
