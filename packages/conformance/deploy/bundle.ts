import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { sources } from '../mutants/plant.js'

const folder = fileURLToPath(new URL('programs/', import.meta.url))

/** Builds the programs from the sources, because a process that compiles at its start takes its time. */
export async function bundlePrograms(outdir: string, plugins: readonly Plugin[]): Promise<void> {
  const entryPoints = readdirSync(folder).map((name) => join(folder, name))
  // Frameworks stay outside, so the bundles must lie inside the package that depends on them.
  const external = ['express', 'fastify', 'http-terminator', '@electric-sql/pglite']
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" }
  await build({
    entryPoints,
    outdir,
    external,
    banner,
    outExtension: { '.js': '.mjs' },
    plugins: [...plugins, sources],
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  })
}
