import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'
import type { Mutant } from './mutant.js'

/** The root of the repository. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Bundles the packages from their sources. */
export const sources: Plugin = {
  name: 'sources',
  setup({ onResolve }) {
    onResolve({ filter: /^@afterword\// }, ({ path }) => {
      const [, name, entry = 'index'] = path.split('/')
      return { path: join(root, 'packages', name as string, 'src', `${entry}.ts`) }
    })
  },
}

/** Whether a mutant still fits its source. */
export function fits({ file, find }: Pick<Mutant, 'file' | 'find'>): boolean {
  return readFileSync(join(root, file), 'utf8').split(find).length === 2
}

/** Bundles a source with a bug in it. */
export function plant({ file, find, replace }: Mutant): Plugin {
  return {
    name: 'plant',
    setup({ onLoad }) {
      const path = join(root, file)
      onLoad({ filter: /\.ts$/ }, (args) => {
        if (args.path !== path) return undefined
        if (!fits({ file, find })) throw new Error(`${file} does not contain exactly one: ${find}`)
        return { contents: readFileSync(path, 'utf8').replace(find, () => replace), loader: 'ts' }
      })
    },
  }
}
