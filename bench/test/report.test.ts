import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { JSDOM } from 'jsdom'
import { describe, expect, it } from 'vitest'
import { judge } from '../src/bars.js'
import { repository } from '../src/bundle.js'
import { readResults, tables } from '../src/render.js'
import { escapeHtml, htmlReport } from '../src/report/html.js'
import { betweenMarkers, markdownBars, markdownReport, placeBetweenMarkers } from '../src/report/markdown.js'
import { alignTable, markdownTable } from '../src/report/table.js'
import { terminalReport } from '../src/report/terminal.js'
import { comparison, results, row } from './results.js'

const lineWith = (text: string, part: string) => text.split('\n').find((line) => line.includes(part))

describe('the terminal report', () => {
  const text = terminalReport(results)

  it('says where it was made, with what, and how sure it is', () => {
    const parts = ['Example <CPU>, 4 cores', 'Node 20.20.2', 'on-finished 2.4.2', 'A/A 0.999 to 1.003', '12 generations']
    for (const part of parts) expect(text).toContain(part)
  })

  it('prints a difference below the floor as noise, without a number', () => {
    expect(lineWith(text, 'mounted, idle')).toContain('within noise')
    expect(lineWith(text, 'mounted, idle')).not.toMatch(/us/)
    expect(lineWith(text, '1 task, sync')).toMatch(/\+0\.60 us +1\.030 +1\.028 to 1\.032/)
  })

  it('names what was skipped, and warns only on a busy machine', () => {
    expect(text).toContain('skipped: exact: valgrind is not installed')
    expect(text).not.toContain('busy (load')
    expect(terminalReport({ ...results, machine: { ...results.machine, load: 2 } })).toContain('busy (load 2.0 per core')
  })

  it('leaves out parts that did not run', () => {
    const { date, machine, node, versions, seconds, skipped } = results
    const short = terminalReport({ date, machine, node, versions, seconds, skipped })
    for (const part of ['CPU time', 'Throughput', 'Heap per', 'Instructions', 'bar ']) expect(short).not.toContain(part)
  })
})

describe('the bars', () => {
  const verdicts = judge(results)
  const of = (bar: string) => verdicts.find((verdict) => verdict.bar === bar)

  it('are judged by the upper end of the interval', () => {
    expect(of('node: mounted, idle')).toMatchObject({ verdict: 'met' })
    expect(of('node: 1 task')).toMatchObject({ verdict: 'missed', found: '1.030, up to 1.032' })
  })

  it('are not judged by an interval that reaches across', () => {
    const wide = { ...comparison('node/bare', 1.03), low: 1.01, high: 1.05 }
    const rows = [{ ...row('after-1', '1 task, sync', 'ours', 1.03), comparisons: [wide] }]
    const unsure = judge({ ...results, paired: { ...(results.paired as NonNullable<typeof results.paired>), rows } })
    expect(unsure.find(({ bar }) => bar === 'node: 1 task')).toMatchObject({ verdict: 'unsure' })
  })

  it('cover scale', () => {
    expect(of('per task, batch of 100, sync')).toMatchObject({ verdict: 'met', found: '90 ns, up to 95 (the least: 50 ns, up to 55)' })
    expect(of('node: memory per exchange in flight')?.verdict).toBe('met')
    expect(of('node: p99 of others while after-work drains')).toMatchObject({ verdict: 'missed', found: '2.50 times' })
  })

  it('leave out what was not measured', () => {
    expect(of('express: mounted, idle')).toBeUndefined()
    expect(of('node: ambient context')).toBeUndefined()
  })
})

describe('the Markdown report', () => {
  const text = markdownReport([results])

  it('has the measured rows, ours in bold, with machine and date', () => {
    expect(lineWith(text, 'mounted, idle')).toBe('| **mounted, idle** | within noise |  |  |')
    expect(lineWith(text, 'on-finished + on-headers')).toBe('| on-finished + on-headers | 1.140 ± 0.002 |  |  |')
    expect(text).toContain('Example <CPU>, 4 cores, 2026-01-02, Express 5.3.0, Fastify 5.12.8')
    expect(text).not.toContain('morgan')
  })

  it('has no column for a version of Node of which only instructions were counted', () => {
    const { paired: _paired, ...counted } = results
    expect(markdownReport([results, { ...counted, node: '26.1.0' }])).toBe(text)
  })

  it('is put between its markers, and found there', () => {
    const page = 'before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n'
    const placed = placeBetweenMarkers(page, text)
    expect(placed.startsWith('before\n<!-- bench -->\n')).toBe(true)
    expect(placed.endsWith('\n<!-- /bench -->\nafter\n')).toBe(true)
    expect(betweenMarkers(placed)).toBe(text)
    expect(placeBetweenMarkers(placed, text)).toBe(placed)
    expect(() => placeBetweenMarkers('nothing here', text)).toThrow('<!-- bench -->')
    expect(betweenMarkers('nothing here')).toBeUndefined()
  })

  it.each(tables.map(([file, tableOf]) => ({ page: relative(repository, file), file, tableOf })))('stands in $page as it is generated from the committed results', ({ file, tableOf }) => {
    expect(betweenMarkers(readFileSync(file, 'utf8'))).toBe(tableOf(readResults()))
  })

  it('names every bar once, with its limit and what each version of Node found', () => {
    const lines = markdownBars([results, { ...results, node: '24.1.0' }]).split('\n')
    expect(lines[0]).toBe('| bar | limit | Node 20 | Node 24 |')
    expect(lines.filter((line) => line.startsWith('| node: mounted, idle |'))).toHaveLength(1)
    expect(lines.some((line) => /: (met|missed|unsure) \|$/.test(line))).toBe(true)
  })
})

describe('the page', () => {
  const page = htmlReport([results])
  const { document } = new JSDOM(page).window

  it('needs nothing from elsewhere', () => {
    expect(document.querySelectorAll('script, link, img, iframe')).toHaveLength(0)
    expect(page).not.toMatch(/(?:src|href)="https?:/)
  })

  it('has a plot for ratios, latency, tasks and the backlog', () => {
    const titles = [...document.querySelectorAll('h3')].map(({ textContent }) => textContent)
    expect(titles).toContain('CPU time on node, compared with: bare server')
    expect(titles).toContain('Latency on node, under full load')
    expect(document.querySelectorAll('svg.plot')).toHaveLength(4)
  })

  it('shows every scenario with its interval, and the base nowhere', () => {
    const labels = [...(document.querySelector('svg.plot')?.querySelectorAll('text') ?? [])].map(({ textContent }) => textContent)
    expect(labels).toEqual(expect.arrayContaining(['mounted, idle', 'on-finished', 'bare server again (A/A)']))
    expect(labels).not.toContain('bare server')
  })

  it('escapes what it is told', () => {
    expect(page).toContain('Example &lt;CPU&gt;')
    expect(escapeHtml('<a b="c">&')).toBe('&lt;a b=&quot;c&quot;&gt;&amp;')
  })
})

describe('tables', () => {
  const columns = [{ title: 'name', align: 'left' }, { title: 'us' }] as const

  it('are aligned in a terminal', () => {
    expect(alignTable(columns, [['a', '1.0'], ['longer', '10.0']])).toEqual(['name      us', 'a        1.0', 'longer  10.0'])
  })

  it('are Markdown in a page', () => {
    expect(markdownTable(columns, [['a', '1']])).toBe('| name | us |\n| --- | --: |\n| a | 1 |')
  })
})
