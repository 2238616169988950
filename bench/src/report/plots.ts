import * as Plot from '@observablehq/plot'
import { JSDOM } from 'jsdom'
import { percentiles, type ThroughputRow } from '../instruments/throughput.js'
import type { PairedRow } from '../instruments/paired.js'
import type { DrainRow } from '../scale/drain.js'
import type { TaskRow } from '../scale/tasks.js'

const { document } = new JSDOM('').window

const colors: Readonly<Record<string, string>> = { ours: '#0b7a75', peer: '#b8562b', floor: '#777777', control: '#999999', other: '#7a4fb5' }

const scale: Plot.ScaleOptions = { domain: Object.keys(colors), range: Object.values(colors) }

function draw(options: Plot.PlotOptions): string {
  // No class names: several plots on one page would share the style of the last.
  const element = Plot.plot({ document: document as unknown as Document, className: 'plot', ...options }) as unknown as SVGElement
  element.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  element.querySelector('style')?.remove()
  return element.outerHTML
}

/** Ratio with its interval, one line per scenario; the shade is what cannot be told from noise. */
export function ratioPlot(rows: readonly PairedRow[], floor: number): string {
  const data = rows.flatMap(({ title, kind, comparisons: [toBase] }) => {
    if (toBase === undefined || (toBase.ratio === 1 && toBase.low === 1)) return []
    const label = kind === 'control' ? `${title} again (A/A)` : kind === 'other' ? `${title} (other commit)` : title
    return [{ label, kind, ...toBase }]
  })
  return draw({
    width: 860,
    height: 60 + data.length * 22,
    marginLeft: 230,
    x: { label: 'ratio of CPU time per request (logarithmic)', type: 'log', grid: true, tickFormat: '.2f', ticks: 8 },
    y: { label: null, domain: data.map(({ label }) => label) },
    color: scale,
    marks: [
      Plot.rectX([{ from: Math.max(0.5, 1 - floor), to: 1 + floor }], { x1: 'from', x2: 'to', fill: '#eeeeee' }),
      Plot.ruleX([1], { stroke: '#555555' }),
      Plot.ruleY(data, { y: 'label', x1: (row: { low: number }) => Math.max(0.3, row.low), x2: 'high', stroke: 'kind', strokeWidth: 2 }),
      Plot.dot(data, { y: 'label', x: 'ratio', fill: 'kind', r: 4 }),
    ],
  })
}

/** Latency by percentile, one line per variant. */
export function latencyPlot(rows: readonly ThroughputRow[]): string {
  const data = rows.flatMap(({ title, latency }) =>
    percentiles.map((percentile, index) => ({ title, percentile: `p${percentile}`, ms: latency[index] ?? 0 })),
  )
  const last = data.filter(({ percentile }) => percentile === `p${percentiles.at(-1)}`)
  return draw({
    width: 860,
    height: 380,
    marginRight: 190,
    x: { label: null, domain: percentiles.map((each) => `p${each}`), type: 'point' },
    y: { label: 'latency in ms (logarithmic)', type: 'log', grid: true, tickFormat: '~g' },
    color: { type: 'categorical' },
    marks: [
      Plot.line(data, { x: 'percentile', y: 'ms', stroke: 'title' }),
      Plot.text(last, { x: 'percentile', y: 'ms', text: 'title', textAnchor: 'start', dx: 6, fill: 'title' }),
    ],
  })
}

/** Cost against tasks per request: parallel to the diagonal is linear. */
export function tasksPlot(rows: readonly TaskRow[]): string {
  const data = rows.filter(({ by, addedPerRequest }) => by === 'ours' && addedPerRequest > 0)
  return draw({
    width: 520,
    height: 320,
    marginRight: 60,
    x: { label: 'tasks per request', type: 'log', grid: true, tickFormat: '~s' },
    y: { label: 'CPU us added per request', type: 'log', grid: true, tickFormat: '~g' },
    marks: [
      Plot.line(data, { x: 'tasks', y: 'addedPerRequest', stroke: 'kind' }),
      Plot.dot(data, { x: 'tasks', y: 'addedPerRequest', fill: 'kind' }),
      Plot.text(data.filter(({ tasks }) => tasks === 1000), { x: 'tasks', y: 'addedPerRequest', text: 'kind', dx: 24 }),
    ],
  })
}

/** Time per task while a backlog drains. */
export function drainPlot(rows: readonly DrainRow[]): string {
  const data = rows.map((row) => ({
    ...row,
    label: `${row.scheduler}, ${row.tasks / 1000} k ${row.kind} tasks`,
    by: row.scheduler === 'ours' ? 'ours' : 'peer',
  }))
  return draw({
    width: 860,
    height: 60 + rows.length * 18,
    marginLeft: 230,
    x: { label: 'ns per task (logarithmic)', type: 'log', grid: true, tickFormat: '~s' },
    y: { label: null, domain: data.map(({ label }) => label) },
    color: scale,
    marks: [Plot.dot(data, { x: 'nanosecondsEach', y: 'label', fill: 'by', r: 4 })],
  })
}
