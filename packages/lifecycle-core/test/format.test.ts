import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { formatDrainReport } from '../src/format.js'
import type { DrainReport, LostTask } from '../src/report.js'

const clean: DrainReport = {
  clean: true,
  suggestedExitCode: 0,
  durationMs: 42.4,
  phases: { readiness: 0, wait: 42.4, hurry: 0, cut: 0, handOver: 0 },
  exchanges: { inFlightAtStart: 1, arrived: 0, rejected: 0, cut: [], stuck: [] },
  connections: { severed: 0 },
  tasks: { pendingAtStart: 0, scheduled: 0, completed: 0, failed: 0, timedOut: 0, cancelled: 0, refused: 0, abandoned: 0, lost: [] },
}

function lost(task: Partial<LostTask>): LostTask {
  return { name: 'audit', exchangeId: 'kmcmwqa29sx-2', route: '/orders', state: 'queued', ageMs: 10_000, handedOver: false, ...task }
}

function cut(url: string, position: 'before-commit' | 'unflushed'): DrainReport['exchanges']['cut'][number] {
  return { exchangeId: 'x', route: '/reports/:id', method: 'GET', url, phase: 'handling', position, ageMs: 12_100 }
}

const unclean: DrainReport = {
  ...clean,
  clean: false,
  suggestedExitCode: 1,
  durationMs: 10_265,
  phases: { readiness: 0, wait: 7500, hurry: 2500, cut: 252, handOver: 13 },
  exchanges: {
    inFlightAtStart: 12,
    arrived: 4,
    rejected: 0,
    cut: [cut('/reports/1', 'before-commit'), cut('/reports/2', 'before-commit')],
    stuck: [{ method: 'GET', route: '/reports/:id', count: 2, oldestMs: 12_100 }],
  },
  tasks: {
    ...clean.tasks,
    pendingAtStart: 40,
    scheduled: 2,
    completed: 38,
    failed: 1,
    abandoned: 3,
    lost: [lost({ name: 'mail', exchangeId: 'kmcmwqa29sx-1', state: 'running', ageMs: 10_200, handedOver: true }), lost({}), lost({ exchangeId: 'y', ageMs: 1 })],
  },
}

describe('a report as text', () => {
  it('has four lines when it is clean', () => {
    expect(formatDrainReport(clean).split('\n')).toEqual([
      'Drained in 42 ms. Nothing was lost.',
      '  time       waited 42 ms',
      '  exchanges  1 in flight, 0 arrived (0 rejected), 0 cut',
      '  tasks      0 pending + 0 scheduled = 0',
    ])
  })

  it('is what the docs show when it is not', () => {
    const docs = readFileSync(new URL('../../../docs/drain.md', import.meta.url), 'utf8')
    expect(docs).toContain(`\`\`\`text\n${formatDrainReport(unclean)}\n\`\`\``)
  })

  it('tells clients that did not read from handlers that hang, and connections without either', () => {
    const exchanges = { ...unclean.exchanges, cut: [cut('/download', 'unflushed')], stuck: [] }
    const text = formatDrainReport({ ...unclean, exchanges, connections: { severed: 1 } })
    expect(text).toContain('1 exchange cut')
    expect(text).toContain('  severed    1 connection without an exchange')
    expect(text).toContain('Responses that their clients did not read:\n  GET /download  x')
    expect(text).not.toContain('Handlers that never ended')
  })

  it('does not grow with what was lost', () => {
    const tasks = Array.from({ length: 10_000 }, (_, index) => lost({ name: `job ${index % 30}`, exchangeId: String(index) }))
    const text = formatDrainReport({ ...unclean, tasks: { ...unclean.tasks, abandoned: tasks.length, lost: tasks } })
    expect(text.split('\n').length).toBeLessThan(40)
    expect(text).toContain('10000 tasks abandoned')
    expect(text).toContain('334 x  job 0 ')
    expect(text).toContain('\n  and 10 more')
  })

  it('has no colour and no space at the end of a line', () => {
    for (const line of formatDrainReport(unclean).split('\n')) expect(line).toMatch(/^[ -~]*[^ ]$/)
  })
})
