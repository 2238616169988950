// What a registry and a bundler will make of the packages: publint and attw on each tarball, knip, size-limit.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packAll } from './tarballs.mjs'

const folder = mkdtempSync(join(tmpdir(), 'afterword-check-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const checks = [
  ...packAll(folder, { kit: true }).flatMap(({ name, tarball }) => [
    { name: `publint ${name}`, run: `publint run --strict ${tarball}` },
    // node16: without the resolution of Node 10, which knows no subpath exports. The kit is a tool, and ESM only.
    { name: `attw ${name}`, run: `attw --profile ${name === '@afterword/conformance' ? 'esm-only' : 'node16'} --no-emoji ${tarball}` },
  ]),
  { name: 'knip', run: 'knip' },
  { name: 'size-limit', run: 'size-limit' },
]

let failed = 0
for (const { name, run } of checks) {
  const { status, stdout, stderr } = spawnSync(run, { shell: true, encoding: 'utf8' })
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'}  ${name}`)
  if (status !== 0) failed++
  if (status !== 0 || name === 'size-limit') console.log(stdout + stderr)
}

console.log(`${checks.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
