import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from './bundle.js'
import { htmlReport } from './report/html.js'
import { betweenMarkers, markdownBars, markdownReport, placeBetweenMarkers } from './report/markdown.js'
import type { Results } from './results.js'

/** Where committed results lie, one file per version of Node. */
export const resultsFolder = join(repository, 'bench/results')

/** The committed results, oldest Node first. */
export function readResults(folder = resultsFolder): Results[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => /^node\d+\.json$/.test(name))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Results)
    .toSorted((a, b) => Number.parseInt(a.node) - Number.parseInt(b.node))
}

/** The pages with a generated table, and what makes it. */
export const tables = [
  [join(repository, 'README.md'), markdownReport],
  [join(repository, 'bench/README.md'), markdownBars],
] as const

/** Makes the page, and the tables of those pages that have a place for one; returns what it wrote. */
export function render(all: readonly Results[]): string[] {
  const page = join(repository, 'bench/report.html')
  writeFileSync(page, htmlReport(all))
  const written = [page]
  for (const [file, tableOf] of tables) {
    const text = readFileSync(file, 'utf8')
    if (betweenMarkers(text) === undefined) continue
    writeFileSync(file, placeBetweenMarkers(text, tableOf(all)))
    written.push(file)
  }
  return written
}
