import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
// oxlint-disable-next-line no-control-regex -- it is what must not be there
const ansi = /\u001B\[/

let child: ChildProcess | undefined

afterEach(() => {
  child?.kill('SIGKILL')
})

/** The demo in a process of its own, and what it has printed so far. */
function startDemo(...args: string[]) {
  child = spawn(process.execPath, ['--import', 'tsx', 'examples/demo/src/main.ts', ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const demo = child
  let printed = ''
  demo.stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text))
  demo.stderr?.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const closed = once(demo, 'close')

  return {
    demo,
    /** Resolves with all that was printed, once the process has ended. */
    async end() {
      const [code] = (await closed) as [number | null]
      return { code, printed }
    },
    /** Resolves with the match, once it is printed. */
    async until(pattern: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const match = pattern.exec(printed)
        if (match !== null) return match
        if (demo.exitCode !== null) throw new Error(`The demo ended before it printed ${pattern}:\n${printed}`)
        await Promise.race([once(demo.stdout as NodeJS.EventEmitter, 'data'), closed])
      }
    },
  }
}

test('the three servers agree, and nothing is coloured', { timeout: 60_000 }, async () => {
  const { code, printed } = await startDemo().end()

  expect(printed).toContain('The three servers agree: 8 of 8 exchanges')
  expect(printed.match(/clean in \d+ ms/g)).toHaveLength(3)
  expect(printed).not.toMatch(ansi)
  expect(code).toBe(0)
})

test('with --serve it answers, draws what came, and drains on Ctrl-C', { timeout: 60_000 }, async () => {
  const { demo, until, end } = startDemo('--serve')
  await until(/Ctrl-C drains/)
  for (const server of ['Express', 'Fastify', 'node:http']) {
    const [, origin] = await until(new RegExp(`${server} +(http://127\\.0\\.0\\.1:\\d+)`))
    const response = await fetch(`${origin}/basket`)
    expect(response.headers.get('set-cookie')).toBe('basket=2')
    expect(await response.json()).toEqual({ basket: ['tea', 'cups'] })
    await until(new RegExp(`${server} +committed .*drained`))
  }

  demo.kill('SIGINT')
  const { code, printed } = await end()

  expect(printed.match(/clean in \d+ ms/g)).toHaveLength(3)
  expect(printed).not.toMatch(ansi)
  expect(code).toBe(0)
})

test('an unknown argument is an error', { timeout: 60_000 }, async () => {
  const { code, printed } = await startDemo('--server').end()

  expect(printed).toContain('--server? It takes: --serve --no-color')
  expect(code).toBe(2)
})
