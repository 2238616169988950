// The unit tests on the other Node versions: `pnpm test:matrix [version]...`. `pnpm conformance` has the matrix built in.
// Left out there: what shows that the pages, the examples and the benchmarks are right, lint, types, mutants and package
// checks: those answers do not depend on the runtime.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { fetchRuntimes, runtimePath, versions } from './runtimes.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const leftOut = ['bench/**', 'examples/**', '**/docs.test.ts', '**/mutants.test.ts', '**/examples.test.ts'].flatMap((files) => ['--exclude', files])
const lanes = process.argv.length > 2 ? process.argv.slice(2) : versions
let passed = 0
let failed = 0

fetchRuntimes()
for (const version of lanes) {
  console.log(`\n== Node ${version}`)
  const { status, stdout } = spawnSync(runtimePath(version), ['node_modules/vitest/vitest.mjs', 'run', '--pool', 'forks', ...leftOut], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, AFTERWORD_EXPECT_NODE: version },
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: Infinity,
  })
  process.stdout.write(stdout)
  const tally = [...stdout.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1) ?? [0, 0, 0]
  passed += Number(tally[1])
  failed += Number(tally[2]) || (status === 0 ? 0 : 1)
}

console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
