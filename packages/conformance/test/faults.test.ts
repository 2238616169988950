import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const script = fileURLToPath(new URL('faults-process.ts', import.meta.url))

/** Throws in every place, in a process of its own that a rejection which nobody handles would end. */
async function run(...args: string[]): Promise<{ code: number | null; places: Record<string, string[]>; errors: string }> {
  const flags = ['--unhandled-rejections=strict', '--import', 'tsx', script, ...args]
  const child = spawn(process.execPath, flags, {
    cwd: root,
    env: { ...process.env, TSX_TSCONFIG_PATH: `${root}tsconfig.json` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, places: output === '' ? {} : (JSON.parse(output) as Record<string, string[]>), errors }
}

const late = ['throws after the head', 'rejects after the head', 'throws behind the end', 'rejects after the end']
const tasks = ['a task throws', 'a task rejects', 'a promise rejects', 'a nested task throws', 'a condition throws']
const sunk = ['onCommit throws', 'onOutcome throws', 'onOutcome rejects']

describe('a process that throws in every place', () => {
  it.each([
    ['node', 'as it is', 'sink', 'sink'],
    ['http2', 'as it is', 'sink', 'sink'],
    ['express', 'errorMiddleware', 'error handler', 'sink'],
    ['express', 'faultsTo', 'error handler', 'error handler'],
    ['express4', 'errorMiddleware', 'error handler', 'sink'],
    ['express4', 'faultsTo', 'error handler', 'error handler'],
    ['fastify', 'as it is', 'error handler', 'sink'],
  ])('lives on %s, %s', async (rig, setup, early, afterwards) => {
    const { code, places, errors } = await run(rig, setup)
    expect({ code, errors: errors.replaceAll(/^.*afterword sink failed.*\n/gm, '') }).toEqual({ code: 0, errors: '' })
    for (const scene of ['throws before the head', 'rejects before the head']) expect([scene, places[scene]]).toEqual([scene, [early]])
    for (const scene of [...late, ...tasks]) expect([scene, places[scene]]).toEqual([scene, [afterwards]])
    for (const scene of sunk) expect([scene, places[scene]]).toEqual([scene, ['sink']])
    expect(places['streams to a client that leaves']).toEqual([])
  }, 120_000)

  it('would not, if a rejection came to nobody', async () => {
    const { code, errors } = await run('node', 'as it is', 'control')
    expect(code).not.toBe(0)
    expect(errors).toContain('it went wrong')
  }, 120_000)
})
