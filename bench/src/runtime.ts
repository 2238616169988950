import { execFileSync } from 'node:child_process'
import { fetchRuntimes, runtimePath, versions } from '../../scripts/runtimes.mjs'
import { UsageError } from './options.js'

/** A version of Node, and where its binary is. */
export interface Runtime {
  readonly version: string
  readonly path: string
}

const own: Runtime = { version: process.versions.node, path: process.execPath }

/**
 * The binaries of some major versions: the one that runs this, and those that the test matrix brings.
 *
 * @throws {UsageError} for a version that neither is
 */
export function findRuntimes(majors: readonly string[]): Runtime[] {
  if (majors.length === 0) return [own]
  return majors.map((major) => {
    if (isOf(own.version, major)) return own
    const version = (versions as string[]).find((each) => isOf(each, major))
    if (version === undefined) {
      const known = [own.version, ...(versions as string[])].map((each) => Number.parseInt(each))
      throw new UsageError(`There is no Node ${major} here, only: ${[...new Set(known)].join(', ')}`)
    }
    fetchRuntimes()
    const path = runtimePath(version)
    execFileSync(path, ['--version'])
    return { version, path }
  })
}

function isOf(version: string, major: string): boolean {
  return version.startsWith(`${major}.`)
}
