// The Node versions of the matrix, as binaries from the npm registry, kept in node_modules/.cache.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const versions = ['22.23.3', '24.21.0', '26.10.0']

const cache = fileURLToPath(new URL('../node_modules/.cache/runtimes/', import.meta.url))
const windows = process.platform === 'win32'

/** The path of one version's binary, once {@link fetchRuntimes} has run. */
export function runtimePath(version) {
  const folder = join(cache, 'node_modules', `node-${version}`)
  const path = join(folder, JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).bin.node)
  const actual = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim()
  if (actual !== `v${version}`) throw new Error(`${path} is Node ${actual}, not v${version}`)
  return path
}

export function fetchRuntimes() {
  if (versions.every((version) => existsSync(join(cache, 'node_modules', `node-${version}`, 'package.json')))) return
  mkdirSync(cache, { recursive: true })
  writeFileSync(join(cache, 'package.json'), '{ "private": true }')
  // What the `node` package would choose in an install script, without running one.
  const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node'
  const binary = `${prefix}-${windows ? 'win' : process.platform}-${process.arch}`
  const aliases = versions.map((version) => `node-${version}@npm:${binary}@${version}`)
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund']
  execFileSync('npm', ['install', ...flags, ...aliases], { cwd: cache, stdio: 'inherit', shell: windows })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  fetchRuntimes()
  for (const version of versions) console.log(`${version} ${runtimePath(version)}`)
}
