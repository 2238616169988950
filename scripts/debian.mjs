// Installs a package of Debian where this may be done: `node scripts/debian.mjs valgrind`. What needs it says what it does without.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Installs the package; says why not, if it cannot. */
export function installPackage(name) {
  if (process.getuid?.() !== 0) return 'only root can install it'
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args) => spawnSync('apt-get', args, { env, encoding: 'utf8', timeout: 300_000 })
  const attempt = () => apt('install', '-y', '--no-install-recommends', name)
  let result = attempt()
  // The lists of packages are missing in most images.
  if (result.status !== 0 && apt('update').status === 0) result = attempt()
  return result.status === 0 ? undefined : `apt-get: ${(result.error?.message ?? result.stderr).trim().split('\n').at(-1)}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , name] = process.argv
  const reason = spawnSync(name, ['--version']).status === 0 ? undefined : installPackage(name)
  if (reason !== undefined) console.log(`${name} was not installed: ${reason}`)
}
