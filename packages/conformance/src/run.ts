import type { Rig } from './rig.js'
import { frameworks, type Capability, type Framework, type Rule } from './rule.js'

/** What became of one rule on one server. */
export interface Result {
  readonly rule: string
  readonly rig: string
  readonly state: 'passed' | 'failed' | 'left out'
  /** The error, or the reason. */
  readonly detail: string
  readonly ms: number
}

/** A rule that waits for an event that never comes fails after this many ms. */
const patienceMs = Number(process.env['AFTERWORD_PATIENCE_MS'] ?? 30_000)

/** Runs one rule on one server. */
export async function runRule(rule: Rule, rig: Rig): Promise<Result> {
  const result = (state: Result['state'], detail: string, ms: number): Result => ({ rule: rule.id, rig: rig.name, state, detail, ms })
  const reason = reasonToLeaveOut(rule, rig)
  if (reason !== undefined) return result('left out', reason, 0)
  const startedAt = performance.now()
  const strays: unknown[] = []
  const onStray = (error: unknown) => strays.push(error)
  const onWarning = (warning: Error) => {
    // Deprecations and experiments are the framework's affair.
    if (warning.name === 'MaxListenersExceededWarning') strays.push(warning)
  }
  process.on('uncaughtException', onStray)
  process.on('unhandledRejection', onStray)
  process.on('warning', onWarning)
  try {
    await withPatience(rule.run(rig))
    // What was thrown in the last callbacks is reported in the turn after them.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    if (strays.length > 0) throw new Error('The process saw an uncaught error.', { cause: strays[0] })
    return result('passed', '', performance.now() - startedAt)
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? `\n${String((error.cause as Error).stack ?? error.cause)}` : ''
    return result('failed', `${error instanceof Error ? error.stack : String(error)}${cause}`, performance.now() - startedAt)
  } finally {
    process.off('uncaughtException', onStray)
    process.off('unhandledRejection', onStray)
    process.off('warning', onWarning)
  }
}

function reasonToLeaveOut({ needs = [] }: Rule, rig: Rig): string | undefined {
  for (const need of needs) {
    if (need === 'answers-faults' && rig.answersFaults !== true) return 'the framework answers for handlers'
    if (need === 'counted-faults' && rig.framework === undefined && rig.answersFaults !== true) return 'nobody counts where the errors of this framework go'
    const reason = isFramework(need) ? (rig.framework === need ? undefined : `not ${need}`) : rig.lacks[need as Capability]
    if (reason !== undefined) return reason
  }
  return undefined
}

function isFramework(need: string): need is Framework {
  return (frameworks as readonly string[]).includes(need)
}

async function withPatience(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Nothing more happened within ${patienceMs} ms.`)), patienceMs)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
