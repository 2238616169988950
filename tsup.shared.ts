import type { Options } from 'tsup'

/** How every package is built: ESM, CJS, and declarations for both. */
export function library(...entry: string[]): Options {
  // Two entries must share their modules in CJS as well. That goes through rollup (`treeshake`), because the default
  // way rewrites class fields and `?.` for old engines.
  const shared = entry.length > 1
  return {
    entry,
    format: ['esm', 'cjs'],
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
    // Without the root's `paths`: built against its neighbours' declarations, as a user's project would be.
    tsconfig: 'tsconfig.build.json',
    clean: true,
    removeNodeProtocol: false,
    splitting: shared,
    treeshake: shared,
  }
}
