// Replays the three quick starts of the README, word for word, in empty folders and from the packed packages.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { packAll } from './tarballs.mjs'

const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8')
const transcripts = [...readme.matchAll(/^\*\*(.+)\*\*: save as `(.+)`\n\n```\w+\n([^]*?)```\n\n```sh\n([^]*?)```$/gm)].map(
  ([, server, file, code, commands]) => ({ server, file, code, commands: commands.trim().split('\n') }),
)

const workspace = mkdtempSync(join(tmpdir(), 'afterword-transcripts-'))
process.on('exit', () => rmSync(workspace, { recursive: true, force: true }))
const tarballs = packAll(workspace)

/** What npm would fetch once the packages are published. */
function fromTarballs(command) {
  const words = command.split(' ').filter((word) => !word.startsWith('@afterword/'))
  return [...words, ...tarballs.map(({ tarball }) => tarball)].join(' ')
}

/** The one thing that is not in the transcript: on port 3000 somebody else may listen, and the reader's network must not. */
const elsewhere = `
import { Server } from 'node:net'
const { listen } = Server.prototype
Server.prototype.listen = function (where, ...rest) {
  const own = { port: 0, host: '127.0.0.1' }
  this.once('listening', () => process.connected && process.send(this.address().port))
  if (where === 3000) return listen.call(this, own, ...rest)
  return listen.call(this, where?.port === 3000 ? { ...where, ...own } : where, ...rest)
}`

async function replay({ server, file, code, commands }) {
  const cwd = join(workspace, server.replaceAll(/\W/g, '-'))
  mkdirSync(cwd)
  writeFileSync(join(cwd, file), code)
  const [install, ...rest] = commands
  const start = rest.pop()
  execFileSync(fromTarballs(install), { cwd, shell: true, stdio: 'pipe' })
  for (const command of rest) execFileSync(command, { cwd, shell: true, stdio: 'pipe' })

  const [, script] = /^node (\S+)$/.exec(start)
  const child = spawn(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(elsewhere)}`, script], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const exit = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  try {
    const [port] = await Promise.race([once(child, 'message'), exit.then(() => Promise.reject(new Error('it ended before it listened')))])
    child.disconnect()
    const response = await fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } })
    const body = await response.text()
    if (body !== '{"hello":"world"}') throw new Error(`it answered ${response.status} ${body}`)
    if (!/^\w+-\w+$/.test(response.headers.get('x-exchange'))) throw new Error('the commit listener did not set its field')
    const { value } = await lines.next()
    if (value !== 'GET / finished 200') throw new Error(`its task printed ${value}`)
    child.kill('SIGTERM')
    const [exitCode] = await exit
    if (exitCode !== 0) throw new Error(`it ended with ${exitCode} after SIGTERM`)
  } finally {
    child.kill('SIGKILL')
  }
}

let failed = transcripts.length === 3 ? 0 : 1
for (const transcript of transcripts) {
  try {
    await replay(transcript)
    console.log(`ok    ${transcript.server}: ${transcript.file}`)
  } catch (error) {
    failed++
    console.log(`FAIL  ${transcript.server}: ${transcript.file}\n${error.stack}\n${error.stdout ?? ''}${error.stderr ?? ''}`)
  }
}
console.log(`${transcripts.length - Math.min(failed, transcripts.length)} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
