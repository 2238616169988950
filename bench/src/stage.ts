import { Child } from './child.js'
import type { Load, Rounds } from './children/generator.js'
import type { Cores } from './cores.js'
import { tellsCpuOfOthers } from './cpu.js'
import type { Variant } from './scenario.js'
import { shuffled } from './shuffle.js'
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
  private readonly cores: Cores | undefined

  private constructor(generator: Child, connections: number, cores: Cores | undefined) {
    this.generator = generator
    this.connections = connections
    this.cores = cores
  }

  /** Starts every variant and checks that it does what it should. */
  static async open(theatre: Theatre, variants: readonly Variant[], connections: number): Promise<Stage> {
    const { node, folder, otherFolder, cores, flags = [] } = theatre
    const generator = Child.start({ folder, name: 'generator', node: process.execPath })
    const stage = new Stage(generator, connections, cores)
    try {
      await generator.next()
      await Promise.all(
        variants.map(async (variant) => {
          const from = variant.role === 'other' ? (otherFolder as string) : folder
          const args = [variant.server, variant.application]
          const child = Child.start({ folder: from, name: 'server', args, node, flags })
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

  ask<T>(id: string, question: string): Promise<T> {
    return this.serverOf(id).child.ask<T>(question)
  }

  /** Sends requests to one server while the others wait; returns the CPU time it used, in microseconds per request. */
  async slice(id: string, amount: number): Promise<number> {
    const before = await this.ask<number>(id, 'cpu')
    await this.load({ port: this.portOf(id), amount, connections: this.connections })
    return ((await this.ask<number>(id, 'cpu')) - before) / amount
  }

  /** Puts all servers on one core and the load on another, as if it came from elsewhere. */
  setApart(): void {
    this.keepTo('load')
  }

  /**
   * Puts the load on the core of the servers, in turns with them. A server then wakes up to a request on every connection, and nothing is
   * sent from one core to another, whose price depends on what else the machine does.
   */
  takeTurns(): void {
    this.keepTo('server')
  }

  private keepTo(coreOfLoad: keyof Cores): void {
    if (this.cores === undefined) return
    for (const { child } of this.servers.values()) child.keepTo(this.cores.server)
    this.generator.keepTo(this.cores[coreOfLoad])
  }

  /**
   * Sends slices of requests to servers in turn, and returns what each cost: CPU microseconds per request, a number for each round.
   *
   * @param amounts requests per slice, by server
   */
  async measure(amounts: ReadonlyMap<string, number>, rounds: number): Promise<Map<string, number[]>> {
    const ids = [...amounts.keys()]
    if (tellsCpuOfOthers) {
      const servers = [...amounts].map(([id, amount]) => ({ pid: this.serverOf(id).child.pid, port: this.portOf(id), amount }))
      const costs = await this.load<number[][]>({ rounds, connections: this.connections, servers })
      return new Map(ids.map((id, index) => [id, costs[index] as number[]]))
    }
    const found = new Map<string, number[]>(ids.map((id) => [id, []]))
    for (let round = 0; round < rounds; round++) {
      for (const [id, amount] of shuffled([...amounts])) found.get(id)?.push(await this.slice(id, amount))
    }
    return found
  }

  load<T>(load: Load | Rounds): Promise<T> {
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
