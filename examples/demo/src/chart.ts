import { Row } from './row.js'
import { Scale } from './scale.js'
import type { Style, Terminal } from './terminal.js'
import { hasRun, type TaskSpan, type Timeline } from './timeline.js'

const labelWidth = 17
const nameWidth = labelWidth - 4
const noteWidth = 10

/** Draws timelines on one scale. */
export class Chart {
  private readonly terminal: Terminal
  private readonly scale: Scale

  constructor(terminal: Terminal, timelines: readonly Timeline[]) {
    this.terminal = terminal
    this.scale = new Scale(Math.max(...timelines.map(({ drainedAt }) => drainedAt)), terminal.width - labelWidth - noteWidth)
  }

  /** The ticks, with their times. */
  axis(): string {
    const row = new Row(this.scale.columns)
    for (const tick of this.scale.ticks) {
      const label = String(tick)
      if (this.scale.at(tick) + label.length <= this.scale.columns) row.put(this.scale.at(tick), label, 'dim')
    }
    return this.line('', row, 'ms', 'dim')
  }

  /** One timeline: its phases in words, then as a bar, then its tasks and its faults. */
  draw(timeline: Timeline): string[] {
    return [
      this.phases(timeline),
      this.response(timeline),
      ...timeline.tasks.map((task) => this.task(task)),
      ...this.faults(timeline),
    ]
  }

  private phases({ server, outcome, drainedAt }: Timeline): string {
    const { terminal } = this
    const phases = [
      outcome?.timeToCommitMs == null ? '' : `committed ${ms(outcome.timeToCommitMs)} (${outcome.status})`,
      outcome?.kind === 'aborted'
        ? terminal.paint('yellow', `aborted ${ms(outcome.durationMs ?? 0)} (${outcome.reason})`)
        : `finished ${ms(outcome?.durationMs ?? 0)}`,
      `drained ${ms(drainedAt)} ms`,
    ]
    return `  ${terminal.paint('bold', server.padEnd(labelWidth - 2))}${phases.filter(Boolean).join(' · ')}`
  }

  private response({ outcome, drainedAt }: Timeline): string {
    const { scale } = this
    const end = outcome?.durationMs ?? 0
    const [mark, style] = outcome?.kind === 'aborted' ? (['✕', 'yellow'] as const) : (['●', 'green'] as const)
    const row = this.grid()
      .fill(scale.at(end), scale.at(drainedAt), '╌', 'dim')
      .fill(0, scale.at(outcome?.timeToCommitMs ?? end), '─')
      .fill(scale.at(outcome?.timeToCommitMs ?? end), scale.at(end), '━')
      .put(scale.at(drainedAt), '◆', 'dim')
      .put(scale.at(end), mark, style)
    return this.line('response', row, '')
  }

  private task(task: TaskSpan): string {
    const { startedAt, endedAt, name } = task
    const row = this.grid()
    if (!hasRun(task)) return this.line(name, row.put(this.scale.at(startedAt), '·'), 'not run', 'dim')
    const failed = task.state === 'failed'
    const from = this.scale.at(startedAt)
    row.fill(from, Math.max(this.scale.at(endedAt), from + 1), '█', failed ? 'red' : 'cyan')
    return this.line(name, row, `${ms(endedAt - startedAt)} ms`, failed ? 'red' : undefined)
  }

  private faults({ faults }: Timeline): string[] {
    return faults.map(({ error, by, to }) => this.terminal.paint('red', `${' '.repeat(labelWidth)}✗ ${by}: ${messageOf(error)} → ${to}`))
  }

  private grid(): Row {
    const row = new Row(this.scale.columns)
    for (const tick of this.scale.ticks) row.put(this.scale.at(tick), '┊', 'dim')
    return row
  }

  private line(label: string, row: Row, note: string, style?: Style): string {
    const left = label.length < nameWidth ? label.padEnd(nameWidth) : `${label.slice(0, nameWidth - 2)}… `
    const right = note === '' || style === undefined ? note : this.terminal.paint(style, note)
    return `    ${left}${row.render(this.terminal)}${' '.repeat(noteWidth - note.length)}${right}`.trimEnd()
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function ms(time: number): string {
  return time.toFixed(1)
}
