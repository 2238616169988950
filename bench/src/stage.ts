import { Child } from './child.js'
import type { Load } from './children/generator.js'
import type { Cores } from './cores.js'
import type { Variant } from './scenario.js'
import { verify } from './verify.js'

/** Where children come from. */
export interface Theatre {
  /** The binary of Node that is measured. */
  readonly node: string
  /** The bundle with the library of this tree, and the one of another commit. */
  readonly folder: string
  readonly otherFolder?: string | undefined
  readonly cores: Cores | undefined
  /** Flags for the measured servers. */
  readonly flags?: readonly string[]
}

/** Some servers, each in a process of its own, and the load in another: alive at the same time. */
export class Stage {
  private readonly servers = new Map<string, { child: Child; port: number }>()
  private readonly generator: Child
  private readonly connections: number

  private constructor(generator: Child, connections: number) {
    this.generator = generator
    this.connections = connections
  }

  /** Starts every variant and checks that it does what it should. */
  static async open(theatre: Theatre, variants: readonly Variant[], connections: number): Promise<Stage> {
    const { node, folder, otherFolder, cores, flags = [] } = theatre
    const generator = Child.start({ folder, name: 'generator', node: process.execPath, core: 'load', cores })
    const stage = new Stage(generator, connections)
    try {
      await generator.next()
      await Promise.all(
        variants.map(async (variant) => {
          const from = variant.role === 'other' ? (otherFolder as string) : folder
          const args = [variant.server, variant.application]
          const child = Child.start({ folder: from, name: 'server', args, node, flags, core: 'server', cores })
          stage.servers.set(variant.id, { child, port: 0 })
          const port = await child.next<number>()
          stage.servers.set(variant.id, { child, port })
          await verify(variant, port, child)
        }),
      )
      return stage
    } catch (error) {
      await stage.close()
      throw error
    }
  }

  portOf(id: string): number {
    return this.serverOf(id).port
  }

  ask<T>(id: string, question: string | number): Promise<T> {
    return this.serverOf(id).child.ask<T>(question)
  }

  /** Sends requests to one server while the others wait; returns the CPU time it used, in microseconds per request. */
  async slice(id: string, amount: number): Promise<number> {
    const before = await this.ask<number>(id, 'cpu')
    await this.load({ port: this.portOf(id), amount, connections: this.connections })
    return ((await this.ask<number>(id, 'cpu')) - before) / amount
  }

  load<T>(load: Load): Promise<T> {
    return this.generator.ask<T>(load)
  }

  /** Lets one server end by itself, so that it can write what it has collected. */
  end(id: string): Promise<void> {
    return this.serverOf(id).child.end()
  }

  async close(): Promise<void> {
    const children = [this.generator, ...[...this.servers.values()].map(({ child }) => child)]
    await Promise.all(children.map((child) => child.stop()))
  }

  private serverOf(id: string): { child: Child; port: number } {
    const server = this.servers.get(id)
    if (server === undefined) throw new Error(`${id} was not started`)
    return server
  }
}
