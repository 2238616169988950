import { describe, expect, it } from 'vitest'
import { nextPhase, Place, type Phase, type PhaseSignal } from '../src/phase.js'

const signals: readonly PhaseSignal[] = ['handle', 'commit', 'finish', 'abort', 'drain']

/** The table of ARCHITECTURE.md, in the order of its columns; `-` is ignored. */
const table: Readonly<Record<Phase, readonly (Phase | '-')[]>> = {
  received: ['handling', 'committed', 'finished', 'aborted', '-'],
  handling: ['-', 'committed', 'finished', 'aborted', '-'],
  committed: ['-', '-', 'finished', 'aborted', '-'],
  finished: ['-', '-', '-', '-', 'drained'],
  aborted: ['-', '-', '-', '-', 'drained'],
  drained: ['-', '-', '-', '-', '-'],
}

const phases = Object.keys(table) as Phase[]
const cells = phases.flatMap((phase) => signals.map((signal, column) => ({ phase, signal, to: table[phase][column] as Phase | '-' })))

describe('the phase table', () => {
  it.each(cells)('$phase + $signal -> $to', ({ phase, signal, to }) => {
    expect(nextPhase(phase, signal)).toBe(to === '-' ? undefined : to)
    expect(Place.of(phase)[signal]?.phase).toBe(to === '-' ? undefined : to)
  })

  it('has six phases and five signals, and nothing else moves it', () => {
    expect(cells).toHaveLength(30)
    for (const phase of phases) expect(nextPhase(phase, 'toString' as PhaseSignal)).not.toBeTypeOf('string')
  })

  it('leads from every phase to drained, and never back', () => {
    const order: Record<Phase, number> = { received: 0, handling: 1, committed: 2, finished: 3, aborted: 3, drained: 4 }
    for (const { phase, to } of cells) if (to !== '-') expect(order[to]).toBeGreaterThan(order[phase])
    for (const phase of phases.slice(0, 3)) for (const end of ['finish', 'abort'] as const) {
      expect(nextPhase(nextPhase(phase, end) as Phase, 'drain')).toBe('drained')
    }
  })
})

describe('what a phase says', () => {
  it.each([
    ['received', true, false],
    ['handling', true, false],
    ['committed', false, false],
    ['finished', false, true],
    ['aborted', false, true],
    ['drained', false, true],
  ] as const)('%s: open %s, ended %s', (phase, open, ended) => {
    expect(Place.of(phase).isOpen).toBe(open)
    expect(Place.of(phase).hasEnded).toBe(ended)
  })
})
