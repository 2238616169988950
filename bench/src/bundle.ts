import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

/** The repository that this file is in. */
export const repository = fileURLToPath(new URL('../../', import.meta.url))

/** Where bundles lie: inside this package, so that they find the peers. */
export const bundleFolder = join(repository, 'bench/.build')

const manifest = JSON.parse(readFileSync(join(repository, 'bench/package.json'), 'utf8')) as { devDependencies: Record<string, string> }
/** Peers and frameworks stay outside of the bundles. */
const installed = Object.keys(manifest.devDependencies).filter((name) => !name.startsWith('@afterword/'))

/** Takes `@afterword/*` from the sources of one tree, and what those depend on from this one. */
function sourcesOf(tree: string): Plugin {
  return {
    name: 'sources',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^@afterword\// }, ({ path }) => {
        const [, name, entry = 'index'] = path.split('/')
        return { path: join(tree, 'packages', name as string, 'src', `${entry}.ts`) }
      })
      onResolve({ filter: /^fastify-plugin$/ }, ({ path, kind, pluginData }) => {
        if (pluginData === 'here') return undefined
        return resolve(path, { kind, resolveDir: join(repository, 'packages/adapter-fastify'), pluginData: 'here' })
      })
    },
  }
}

/**
 * Bundles the child processes with the library of one tree: from its sources, not from `dist`. So what is measured is never
 * a stale build, a commit that was never built can be measured too, no child needs a TypeScript loader (which would
 * itself be measured, and would be very slow under valgrind), and it takes a tenth of a second.
 */
export async function bundle(tree: string, name: string): Promise<string> {
  const outdir = join(bundleFolder, name)
  const children = join(repository, 'bench/src/children')
  await build({
    entryPoints: [join(children, '*.ts')],
    outdir,
    outExtension: { '.js': '.mjs' },
    plugins: [sourcesOf(tree)],
    bundle: true,
    splitting: true,
    external: installed,
    banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  })
  return outdir
}
