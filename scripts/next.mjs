// Runs the page of docs/migrating.md that is written for Next, in a real Next application. Next is large, so it is
// installed here only.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const page = readFileSync(fileURLToPath(new URL('../docs/migrating.md', import.meta.url)), 'utf8')
const [, code, printed] = /```js\n(\/\/ before: app\/route\.js[^]*?)```\n\n```text printed by next\n([^]*?)\n```/.exec(page)

const folder = mkdtempSync(join(tmpdir(), 'afterword-next-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }
const shell = process.platform === 'win32'

mkdirSync(join(folder, 'app'))
writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
writeFileSync(join(folder, 'app/route.js'), code)
writeFileSync(join(folder, 'app/layout.js'), 'export default ({ children }) => children\n')
const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', '--ignore-scripts']
execFileSync('npm', ['install', ...flags, 'next@16.4.6', 'react@19.3.1', 'react-dom@19.3.1'], { cwd: folder, stdio: 'inherit', shell })

const next = join(folder, 'node_modules/next/dist/bin/next')
execFileSync(process.execPath, [next, 'build'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] })
const child = spawn(process.execPath, [next, 'start', '-p', '0', '-H', '127.0.0.1'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
const ended = once(child, 'exit')
let found = false
try {
  for await (const line of createInterface({ input: child.stdout })) {
    const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
    if (address !== undefined && line.includes('Local')) fetch(address).catch((error) => child.kill('SIGKILL') && console.error(error))
    found = line === printed
    if (found) break
  }
} finally {
  child.kill('SIGTERM')
  await ended
}
console.log(`${found ? 'ok  ' : 'FAIL'}  docs/migrating.md in Next ${found ? 'prints' : 'does not print'} '${printed}'`)
console.log(`${Number(found)} passed, ${Number(!found)} failed`)
process.exitCode = found ? 0 : 1
