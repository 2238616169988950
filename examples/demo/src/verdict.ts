import type { Seen } from './clients.js'
import { hasRun, type Timeline } from './timeline.js'

/** What a server made of an exchange, in so far as every server must make the same of it. */
export interface Verdict {
  readonly kind: 'finished' | 'aborted'
  readonly status: number | null
  readonly reason: string | null
  readonly position: string | null
  /** The header field that matters here, as the client saw it. */
  readonly header: string | null
  /** The tasks that ran, in the order of their start. */
  readonly tasks: readonly string[]
  /** The errors that somebody was told of, each once. */
  readonly faults: readonly string[]
}

/** Reads the verdict off a timeline. */
export function verdictOf({ outcome, tasks, faults }: Timeline, seen: Seen, header: string | undefined): Verdict {
  if (outcome === undefined) throw new Error('An exchange was drained before it had ended.')
  const { kind, status, reason, position } = outcome
  return {
    kind,
    status,
    reason,
    position,
    header: header === undefined ? null : `${header}: ${String(seen[header])}`,
    tasks: tasks.filter(hasRun).map(({ name }) => name),
    faults: faults.map(({ by, error }) => `${by}: ${String(error)}`),
  }
}

/** Names what differs, as `field: value, not value`. */
export function differences(verdict: Verdict, expected: Verdict): string[] {
  const fields = Object.keys(expected) as (keyof Verdict)[]
  return fields
    .map((field) => [field, JSON.stringify(verdict[field]), JSON.stringify(expected[field])] as const)
    .filter(([, is, shouldBe]) => is !== shouldBe)
    .map(([field, is, shouldBe]) => `${field}: ${is}, not ${shouldBe}`)
}
