import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'
import { fetchRuntimes, runtimePath, versions } from '../../../scripts/runtimes.mjs'
import type { Mutant } from '../mutants/mutant.js'
import { plant } from '../mutants/plant.js'
import { bundlePrograms } from './bundle.js'
import { Child } from './child.js'
import type { Start } from './scenario.js'

/** Where one run keeps its programs and the rows of its tasks. */
export class Workshop {
  private readonly folder = fileURLToPath(new URL(`../.deploy/${process.pid}/`, import.meta.url))
  private readonly node: string
  private readonly plugins: readonly Plugin[]
  private files = 0

  /** The programs run on another Node than this one if its major version is given, and with a bug in them if there is one. */
  constructor(major?: string, bug?: Mutant) {
    this.plugins = bug === undefined ? [] : [plant(bug)]
    const version = versions.find((each: string) => each.startsWith(`${major}.`))
    if (version !== undefined) fetchRuntimes()
    this.node = version === undefined ? process.execPath : runtimePath(version)
  }

  async open(): Promise<void> {
    mkdirSync(this.folder, { recursive: true })
    await bundlePrograms(this.folder, this.plugins)
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Starts a process, and remembers it there. */
  async start(children: Child[], [program, server, shutdown = 'afterword', ...args]: Parameters<Start>): Promise<Child> {
    const rows = join(this.folder, `rows-${++this.files}`)
    writeFileSync(rows, '')
    const child = new Child(this.node, [join(this.folder, `${program}.mjs`), server, shutdown, ...args], rows)
    children.push(child)
    child.port = (await child.event('listening')).port ?? 0
    return child
  }
}
