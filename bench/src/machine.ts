import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { peerPackages } from './servers/peers.js'

/** Where a report was made. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  /** How many processes wanted to run just before, per core: above 0.5 something else is running. */
  readonly load: number
  /** Whether processes were kept to cores. */
  readonly pinned: boolean
}

/** Describes the machine. */
export function describeMachine(pinned: boolean): Machine {
  const list = cpus()
  return {
    cpu: list[0]?.model.replaceAll(/\s+/g, ' ').trim() ?? 'unknown',
    cores: list.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    load: (loadavg()[0] ?? 0) / list.length,
    pinned,
  }
}

/** The versions of everything that is measured beside the library. */
export function peerVersions(): Record<string, string> {
  const require = createRequire(import.meta.url)
  return Object.fromEntries(['express', 'fastify', ...peerPackages].map((name) => [name, versionOf(require.resolve(name), name)]))
}

/** Not every package exports its manifest, so it is looked for above its entry. */
function versionOf(entry: string, name: string): string {
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string; version?: string }
      if (manifest.name === name && manifest.version !== undefined) return manifest.version
    } catch {
      // Not in this folder.
    }
  }
  return 'unknown'
}
