/**
 * Where an exchange is.
 *
 * ```text
 * received -> handling -> committed -> finished -> drained
 *     |           |           |
 *     +-----------+-----------+------> aborted  -> drained
 * ```
 */
export type Phase = 'received' | 'handling' | 'committed' | 'finished' | 'aborted' | 'drained'

/** What can happen to an exchange. */
export type PhaseSignal = 'handle' | 'commit' | 'finish' | 'abort' | 'drain'

/**
 * The whole machine. A signal that a phase does not list is ignored, because native events repeat and race:
 * the first terminal signal wins and stays.
 */
const transitions: Readonly<Record<Phase, { readonly [signal in PhaseSignal]?: Phase }>> = {
  received: { handle: 'handling', commit: 'committed', finish: 'finished', abort: 'aborted' },
  handling: { commit: 'committed', finish: 'finished', abort: 'aborted' },
  committed: { finish: 'finished', abort: 'aborted' },
  finished: { drain: 'drained' },
  aborted: { drain: 'drained' },
  drained: {},
}

/**
 * Says which phase follows, or `undefined` when the signal is to be ignored.
 *
 * @example
 * ```ts
 * nextPhase('handling', 'commit') // 'committed'
 * nextPhase('finished', 'abort') // undefined: an exchange ends once
 * ```
 */
export function nextPhase(phase: Phase, signal: PhaseSignal): Phase | undefined {
  return transitions[phase][signal]
}

/** Says whether the head can still be changed in this phase. */
export function isOpen(phase: Phase): boolean {
  return transitions[phase].commit !== undefined
}

/** Says whether the exchange is over, one way or the other. */
export function hasEnded(phase: Phase): boolean {
  return transitions[phase].abort === undefined
}
