import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from './bundle.js'
import { htmlReport } from './report/html.js'
import { betweenMarkers, markdownReport, placeBetweenMarkers } from './report/markdown.js'
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

/** Makes the page, and the table in the README if it has a place for one; returns what it wrote. */
export function render(all: readonly Results[]): string[] {
  const page = join(repository, 'bench/report.html')
  writeFileSync(page, htmlReport(all))
  const readme = join(repository, 'README.md')
  const text = readFileSync(readme, 'utf8')
  if (betweenMarkers(text) === undefined) return [page]
  writeFileSync(readme, placeBetweenMarkers(text, markdownReport(all)))
  return [page, readme]
}
