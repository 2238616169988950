/** `pnpm bench`: see `--help`, and README.md for what the numbers mean. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { checkOut } from './against.js'
import { runGate, writeBaseline } from './baseline.js'
import { bundle, bundleFolder, repository } from './bundle.js'
import { chooseCores } from './cores.js'
import { profile } from './instruments/profile.js'
import { measure } from './measure.js'
import { help, type Options, parseOptions, UsageError } from './options.js'
import { presets } from './preset.js'
import { showProgress } from './progress.js'
import { keepOtherParts, type Results } from './results.js'
import { findRuntimes, type Runtime } from './runtime.js'
import { variantsOf } from './scenario.js'
import type { Theatre } from './stage.js'

const lanes = Math.max(1, availableParallelism())
const { progress, clear } = showProgress(process.stderr)
const cleanUps: (() => void)[] = []

function cleanUp(): void {
  clear()
  for (const each of cleanUps.splice(0).toReversed()) each()
}

async function printProfiles(theatre: Theatre, options: Options): Promise<void> {
  const variants = variantsOf(presets[options.preset].tier, options.only, false).filter(({ role }) => role === 'measured')
  const folder = join(repository, 'bench/profiles')
  for (const [id, lines] of await profile(theatre, variants, folder)) {
    console.log(`\n${id}: ns per request in the function itself (* this library or this benchmark)`)
    for (const { name, place, nanosecondsPerRequest, share, ours } of lines.filter((line, rank) => rank < 25 || (line.ours && line.share > 0.001))) {
      const time = nanosecondsPerRequest.toFixed(0).padStart(7)
      console.log(`${ours ? '*' : ' '} ${time}  ${(share * 100).toFixed(1).padStart(5)}%  ${name} ${place}`)
    }
  }
  console.log(`\nThe profiles are in ${folder}`)
}

async function measureAll(options: Options, runtimes: readonly Runtime[], theatreOf: (runtime: Runtime) => Theatre, against?: string): Promise<void> {
  // Only reports need these, and they take a while to load.
  const reports = Promise.all([import('./report/terminal.js'), import('./render.js'), import('./report/html.js')])
  // Where the command was given: pnpm runs it in the folder of this package. Made now, because a run takes a while.
  const json = options.json && resolve(process.env['INIT_CWD'] ?? '.', options.json)
  if (json !== undefined) mkdirSync(dirname(json), { recursive: true })
  const earlier = options.parts === undefined || json === undefined || !existsSync(json) ? [] : ([JSON.parse(readFileSync(json, 'utf8'))].flat() as Results[])
  const all: Results[] = []
  for (const runtime of runtimes) {
    const run = { options, plan: presets[options.preset], theatre: theatreOf(runtime), node: runtime.version, against, lanes, progress }
    const results = await measure(run)
    clear()
    const [{ terminalReport }] = await reports
    console.log(`${all.length > 0 ? '\n' : ''}${terminalReport(results)}`)
    all.push(keepOtherParts(results, earlier))
  }
  const [, , { htmlReport }] = await reports
  const page = join(repository, 'bench/report.html')
  writeFileSync(page, htmlReport(all))
  console.log(`\n${page}`)
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(all.length === 1 ? all[0] : all, null, 2)}\n`)
}

async function perform(options: Options): Promise<void> {
  if (options.task === 'help') {
    console.log(help)
    return
  }
  if (options.task === 'render') {
    const { readResults, render } = await import('./render.js')
    console.log(render(readResults()).join('\n'))
    return
  }
  const runtimes = findRuntimes(options.nodes)
  const build = join(bundleFolder, `${process.pid}`)
  cleanUps.push(() => rmSync(build, { recursive: true, force: true }))
  const folder = await bundle(repository, `${process.pid}/here`)
  const other = options.against === undefined ? undefined : checkOut(repository, options.against)
  if (other !== undefined) cleanUps.push(() => other.remove())
  const otherFolder = other && (await bundle(other.path, `${process.pid}/other`))
  const cores = chooseCores()
  const theatreOf = ({ path }: Runtime): Theatre => ({ node: path, folder, otherFolder, cores })
  const [first] = runtimes as [Runtime]
  const file = join(repository, 'bench/baseline.json')
  const place = { file, changelog: join(repository, 'CHANGELOG.md'), nodeVersion: first.version, lanes }
  if (options.task === 'gate') {
    const holds = await runGate(theatreOf(first), place, progress, (line) => {
      clear()
      console.log(line)
    })
    if (!holds) process.exitCode = 1
  } else if (options.task === 'baseline') {
    console.log(JSON.stringify(await writeBaseline(theatreOf(first), place, options.because, progress), null, 2))
  } else if (options.task === 'profile') {
    for (const runtime of runtimes) await printProfiles(theatreOf(runtime), options)
  } else {
    await measureAll(options, runtimes, theatreOf, other?.commit)
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    // Children end by themselves when they lose their parent.
    cleanUp()
    console.error(`stopped by ${signal}: no report`)
    process.exit(1)
  })
}
try {
  await perform(parseOptions(process.argv.slice(2)))
} catch (error) {
  clear()
  console.error(error instanceof UsageError ? `${error.message}\n\npnpm bench --help` : error)
  process.exitCode = 1
} finally {
  cleanUp()
}
