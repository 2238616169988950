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
 * A phase, and what follows it: the same table with every look-up done beforehand, because each exchange asks it at
 * least four times.
 */
export class Place {
  readonly phase: Phase
  /** Whether the head can still be changed. */
  readonly isOpen: boolean
  /** Whether the exchange is over, one way or the other. */
  readonly hasEnded: boolean
  readonly handle: Place | undefined
  readonly commit: Place | undefined
  readonly finish: Place | undefined
  readonly abort: Place | undefined
  readonly drain: Place | undefined

  private constructor(phase: Phase) {
    const placeAfter = (signal: PhaseSignal): Place | undefined => {
      const next = nextPhase(phase, signal)
      return next && Place.of(next)
    }
    this.phase = phase
    this.handle = placeAfter('handle')
    this.commit = placeAfter('commit')
    this.finish = placeAfter('finish')
    this.abort = placeAfter('abort')
    this.drain = placeAfter('drain')
    this.isOpen = this.commit !== undefined
    this.hasEnded = this.abort === undefined
  }

  private static readonly known = new Map<Phase, Place>()

  /** The one place of a phase. */
  static of(phase: Phase): Place {
    const place = this.known.get(phase) ?? new Place(phase)
    this.known.set(phase, place)
    return place
  }
}

/** Where every exchange begins. */
export const start = Place.of('received')

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
