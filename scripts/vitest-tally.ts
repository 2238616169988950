import type { Reporter, TestModule } from 'vitest/node'

/** Ends vitest's output with the line that `scripts/test.mjs` counts by. */
export class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    let passed = 0
    let failed = 0
    for (const module of modules) {
      // A file that does not even load has no tests to fail.
      if (module.state() === 'failed' && module.children.size === 0) failed++
      for (const test of module.children.allTests()) {
        if (test.result().state === 'passed') passed++
        if (test.result().state === 'failed') failed++
        // Those that say so themselves; `scripts/test.mjs` repeats these lines.
        if (test.result().state === 'skipped' && test.name.startsWith('NOT RUN')) process.stdout.write(`${test.name}\n`)
      }
    }
    process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
  }
}
