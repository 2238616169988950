// Runs a command beside a PostgreSQL of its own: `node scripts/postgres.mjs COMMAND...`. The command finds it by DATABASE_URL.
// The server is Debian's package, installed when this may be done; its data lie in a temporary folder and go with it.
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installPackage } from './debian.mjs'

const isRoot = process.getuid?.() === 0
const installed = '/usr/lib/postgresql'

/** Where the server's programs are, or `undefined`. */
function findPrograms() {
  const versions = existsSync(installed) ? readdirSync(installed).toSorted((a, b) => Number(b) - Number(a)) : []
  const folders = [...versions.map((version) => join(installed, version, 'bin')), ...(process.env.PATH ?? '').split(':')]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

/** PostgreSQL refuses to run as root. */
function asOwner(program, args) {
  return isRoot ? ['runuser', ['-u', 'postgres', '--', program, ...args]] : [program, args]
}

/** `-u`: its user id, `-g`: that of its group. */
function idOf(flag) {
  return Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Starts a server on an empty cluster. */
async function start(programs) {
  const folder = mkdtempSync(join(tmpdir(), 'afterword-postgres-'))
  if (isRoot) {
    chownSync(folder, idOf('-u'), idOf('-g'))
  }
  chmodSync(folder, 0o700)
  const data = join(folder, 'data')
  const initdb = [join(programs, 'initdb'), ['-D', data, '-U', 'afterword', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C']]
  execFileSync(...asOwner(...initdb), { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  const port = await freePort()
  // Without fsync: the cluster does not outlive the run. A process that is killed loses nothing by that, only a machine.
  const flags = ['-D', data, '-k', folder, '-h', '127.0.0.1', '-p', String(port), '-c', 'fsync=off', '-c', 'max_connections=50']
  const child = spawn(...asOwner(join(programs, 'postgres'), flags), { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  const closed = new Promise((resolve) => child.once('close', resolve))
  await new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log = (log + text).slice(-10_000)
      if (log.includes('ready to accept connections')) resolve()
    })
    void closed.then(() => reject(new Error(`PostgreSQL did not start:\n${log}`)))
  })
  return {
    url: `postgres://afterword@127.0.0.1:${port}/postgres`,
    async stop() {
      // SIGINT: disconnects its clients and shuts down. Sent to the server itself, not to `runuser`.
      const [pid = ''] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
      process.kill(Number(pid), 'SIGINT')
      await closed
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function shout(reason) {
  const line = '!'.repeat(78)
  console.error(`\n${line}\n! No PostgreSQL: ${reason}.\n! What follows runs without it, and the tests that need it are NOT RUN.\n${line}\n`)
}

/** Runs the command to its end, and passes on the signals that ask for it. */
async function run(command, env) {
  const child = spawn(command[0], command.slice(1), { env, stdio: 'inherit' })
  const pass = (signal) => child.kill(signal)
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, pass)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}

const command = process.argv.slice(2)
if (command.length === 0) throw new Error('usage: node scripts/postgres.mjs COMMAND...')
let server
if (process.env.DATABASE_URL === undefined) {
  const reason = findPrograms() === undefined ? installPackage('postgresql') : undefined
  const programs = findPrograms()
  if (programs === undefined) shout(reason ?? 'the package has no server')
  else server = await start(programs)
}
try {
  process.exitCode = await run(command, server === undefined ? process.env : { ...process.env, DATABASE_URL: server.url })
} finally {
  await server?.stop()
}
