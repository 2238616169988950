import { judge } from '../bars.js'
import type { Results } from '../results.js'
import { serverNames } from '../servers/application.js'
import { baseOf } from '../scenario.js'
import { drainPlot, latencyPlot, ratioPlot, tasksPlot } from './plots.js'
import { terminalReport } from './terminal.js'

const style = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 900px; margin: 2rem auto; padding: 0 1rem; color: #222; }
pre { font-size: 12px; line-height: 1.35; overflow-x: auto; background: #f7f7f7; padding: 1rem; }
h2 { margin-top: 3rem; } h3 { margin-top: 2rem; }
table { border-collapse: collapse; } td, th { text-align: left; padding: 0 1rem 0 0; }
.missed { color: #b00020; } .plot { max-width: 100%; height: auto; font-family: system-ui, sans-serif; font-size: 11px; overflow: visible; }
`

/** Text as it may stand in a page. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function section(results: Results): string {
  const { node, paired, throughput, scale, date, machine } = results
  const parts = [`<h2>Node ${escapeHtml(node)}</h2>`, `<p>${escapeHtml(`${machine.cpu}, ${machine.cores} cores, ${date.slice(0, 10)}`)}</p>`]
  for (const server of serverNames) {
    const rows = paired?.rows.filter((row) => row.server === server) ?? []
    if (paired === undefined || rows.length < 2) continue
    const base = rows.find(({ id }) => id === baseOf(server))
    parts.push(`<h3>CPU time on ${server}, compared with: ${escapeHtml(base?.title ?? '')}</h3>`, ratioPlot(rows, paired.floors[server] ?? 0))
  }
  for (const server of serverNames) {
    const rows = throughput?.filter((row) => row.server === server) ?? []
    if (rows.length > 0) parts.push(`<h3>Latency on ${server}, under full load</h3>`, latencyPlot(rows))
  }
  if (scale !== undefined) {
    parts.push('<h3>Cost against tasks per request</h3>', tasksPlot(scale.tasks), '<h3>Draining a backlog</h3>', drainPlot(scale.drain))
  }
  const verdicts = judge(results)
  if (verdicts.length > 0) {
    const lines = verdicts.map(({ bar, limit, found, verdict }) => {
      const cells = [bar, limit, found].map((text) => `<td>${escapeHtml(text)}</td>`).join('')
      return `<tr>${cells}<td class="${verdict}">${verdict}</td></tr>`
    })
    parts.push(`<h3>Bars</h3><table><tr><th>bar</th><th>limit</th><th>found</th><th></th></tr>${lines.join('\n')}</table>`)
  }
  parts.push(`<h3>Everything</h3><pre>${escapeHtml(terminalReport(results))}</pre>`)
  return parts.join('\n')
}

/** One page that needs nothing else: no scripts, no fonts, no images. */
export function htmlReport(all: readonly Results[]): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Afterword: what it costs</title><style>${style}</style></head>
<body>
<h1>What it costs</h1>
<p>Ratios of server CPU time per request, measured in pairs; the line is the 95% interval, the grey band what cannot be told from noise
(the same server measured twice). Smaller is better. Green: this library; brown: other packages; grey: servers without either.</p>
${all.map(section).join('\n')}
</body>
</html>
`
}
