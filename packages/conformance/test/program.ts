import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { build } from 'esbuild'
import { type Block, root } from './page.js'

const folder = join(root, 'packages/conformance/node_modules/.cache/docs')

/** Tells the parent on which port a server listens. */
const portTeller = `
import { Server } from 'node:net'
const { emit } = Server.prototype
Server.prototype.emit = function (event, ...rest) {
  if (event === 'listening') process.send(this.address().port)
  return emit.call(this, event, ...rest)
}
`

/** A code block as a process of its own, with the packages read from their sources. */
export class Program {
  /** Resolves with the port once it listens. */
  readonly port: Promise<number>
  /** Resolves at the end. */
  readonly ended: Promise<{ code: number | null; lines: readonly string[]; errors: string }>
  private readonly child: ChildProcess
  private output = ''
  private watchers: (() => void)[] = []

  private constructor(file: string) {
    const preload = `data:text/javascript,${encodeURIComponent(portTeller)}`
    const child = fork(file, { execArgv: ['--import', preload], silent: true })
    this.child = child
    let errors = ''
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk))
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.output += chunk
      this.wake()
    })
    this.port = new Promise((resolve, reject) => {
      child.once('message', (port) => resolve(Number(port)))
      child.once('close', () => reject(new Error(`It ended without listening:\n${this.output}${errors}`)))
    })
    // Not every program listens, and not every caller asks.
    this.port.catch(() => {})
    this.ended = new Promise((resolve) => {
      child.once('close', (code) => {
        this.wake()
        resolve({ code, lines: this.lines, errors })
      })
    })
  }

  /** Bundles a block and starts it. */
  static async start(block: Block): Promise<Program> {
    const outfile = join(folder, `${block.name.replaceAll(/\W/g, '-')}.mjs`)
    await build({
      stdin: { contents: onAnyPort(block), resolveDir: join(root, 'packages/conformance'), sourcefile: block.name, loader: 'ts' },
      tsconfig: join(root, 'tsconfig.json'),
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
      // Frameworks stay outside: the bundle lies inside a package that depends on them.
      external: ['express', 'express4', 'fastify', 'pg'],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
    })
    return new Program(outfile)
  }

  get lines(): readonly string[] {
    return this.output.split('\n').filter((line) => line !== '')
  }

  /** Resolves once it has printed a line; rejects if it ends before. */
  async printed(line: string): Promise<void> {
    while (!this.lines.includes(line)) {
      if (this.child.exitCode !== null) throw new Error(`It ended without printing '${line}':\n${this.output}`)
      await new Promise<void>((resolve) => this.watchers.push(resolve))
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  private wake(): void {
    for (const watcher of this.watchers.splice(0)) watcher()
  }
}

/** Whether a block is a whole server, which runs until it is told to stop. */
export function isServer({ code }: Block): boolean {
  return code.includes('3000')
}

/** Whether a block is a server for an orchestrator, which tells it where to listen and asks whether it is ready. */
export function isProbed({ code }: Block): boolean {
  return code.includes("process.env['PORT']")
}

/** A server block listens on port 3000 or where it is told to, in one of these ways; a test must not. */
function onAnyPort({ code, name }: Block): string {
  const moved = code
    .replace('listen(3000)', "listen(0, '127.0.0.1')")
    .replace('{ port: 3000 }', "{ port: 0, host: '127.0.0.1' }")
    .replace("listen(process.env['PORT'])", "listen(0, '127.0.0.1')")
    .replace(', port: 3000 }', ", port: 0, hostname: '127.0.0.1' }")
  if (moved.includes('3000')) throw new Error(`${name} names port 3000 in a way that cannot be replaced.`)
  return moved
}
