import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const packages = join(root, 'packages')

/** Packs every package that an application installs into a folder, as it would be published; with `kit` that for authors of adapters too. */
export function packAll(folder, { kit = false } = {}) {
  execFileSync('pnpm', ['-r', '--filter', './packages/*', 'pack', '--pack-destination', folder], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  return readdirSync(packages)
    .map((each) => JSON.parse(readFileSync(join(packages, each, 'package.json'), 'utf8')))
    .filter(({ name, private: isPrivate }) => !isPrivate && (kit || name !== '@afterword/conformance'))
    .map(({ name, version }) => ({ name, tarball: join(folder, `${name.slice(1).replace('/', '-')}-${version}.tgz`) }))
}
