// The public API of every package as text, in `api/`, so that a change of it shows in review. `pnpm check:api` compares
// the built declarations with it, `pnpm check:api --write` writes it.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'

const root = fileURLToPath(new URL('..', import.meta.url))
const write = process.argv.includes('--write')
mkdirSync(join(root, 'api'), { recursive: true })

/** Every entry of every published package that has types: its name, its folder, its declarations. */
const entries = readdirSync(join(root, 'packages')).flatMap((name) => {
  const folder = join(root, 'packages', name)
  const { exports, private: isPrivate } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (isPrivate) return []
  return Object.entries(exports)
    .filter(([, target]) => target.import?.types)
    .map(([path, target]) => ({ name: name + path.slice(1).replaceAll('/', '-'), folder, types: target.import.types }))
})

function extract({ name, folder, types }) {
  const messages = []
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: join(folder, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: join(folder, types),
      compiler: { tsconfigFilePath: join(folder, 'tsconfig.build.json') },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: join(root, 'api'),
        reportTempFolder: join(root, 'node_modules/.cache/api'),
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        // Release tags are not used here: everything that is exported is public.
        extractorMessageReporting: { default: { logLevel: 'none' } },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
  })
  const result = Extractor.invoke(config, {
    localBuild: write,
    messageCallback: (message) => {
      message.handled = true
      if (message.logLevel === 'error' || message.logLevel === 'warning') messages.push(message.text)
    },
  })
  return { changed: result.apiReportChanged, messages }
}

let failed = 0
for (const entry of entries) {
  const { changed, messages } = extract(entry)
  const ok = write || !changed
  console.log(`${ok ? 'ok  ' : 'FAIL'}  api/${entry.name}.api.md${changed ? (write ? ', written' : ', differs from the built types') : ''}`)
  if (!ok) failed++
  if (!write) for (const message of messages) console.log(`      ${message}`)
}
if (failed > 0) console.log('A change of the public API is meant? Run: pnpm build && pnpm check:api --write')
console.log(`${entries.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
