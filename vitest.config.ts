import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { Tally } from './scripts/vitest-tally.js'

const packages = fileURLToPath(new URL('./packages/', import.meta.url))

export default defineConfig({
  // Tests run on the sources; that the built packages behave the same is what conformance and test:packed show.
  resolve: {
    alias: [
      { find: /^@afterword\/([\w-]+)\/adapter$/, replacement: `${packages}$1/src/adapter.ts` },
      { find: /^@afterword\/([\w-]+)\/shutdown$/, replacement: `${packages}$1/src/shutdown.ts` },
      { find: /^@afterword\/([\w-]+)$/, replacement: `${packages}$1/src/index.ts` },
    ],
  },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'bench/test/**/*.test.ts'],
    pool: 'forks',
    setupFiles: ['./scripts/assert-runtime.mjs'],
    reporters: ['default', new Tally()],
  },
})
