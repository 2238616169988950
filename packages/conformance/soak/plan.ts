import type { Dice } from './dice.js'

const replies = {
  small: 30, large: 8, stream: 12, empty: 6,
  'head, then leaves it': 2, never: 1, throws: 4, rejects: 4, 'throws after the head': 3,
  'destroys res': 4, 'destroys res with an error': 2, 'destroys the socket': 3, 'destroys req': 2, 'destroys after the end': 4,
}

/** What the application does with a request. */
type ReplyKind = keyof typeof replies

const works = {
  sync: 8, async: 8, nested: 5, throws: 3, rejects: 3, promise: 4, 'rejected promise': 2, cancelled: 2, late: 3,
}

/** What a task does. */
type WorkKind = keyof typeof works

/** A task of a request. */
export interface TaskPlan {
  readonly work: WorkKind
  readonly when: 'always' | 'finished' | 'aborted' | 'success'
}

/** What one request does, on both sides. */
export interface Plan {
  readonly id: number
  readonly reply: ReplyKind
  /** Bytes of request body. */
  readonly upload: number
  readonly reads: boolean
  /** Turns of the event loop before the reply. */
  readonly waits: number
  readonly tasks: readonly TaskPlan[]
}

let lastId = 0

export function drawPlan(dice: Dice): Plan {
  return {
    id: ++lastId,
    reply: dice.pick(replies),
    upload: dice.happens(0.25) ? 1 + dice.below(40_000) : 0,
    reads: dice.happens(0.8),
    waits: dice.happens(0.5) ? dice.below(6) : 0,
    tasks: Array.from({ length: dice.below(5) }, () => ({
      work: dice.pick(works),
      when: dice.pick({ always: 7, finished: 1, aborted: 1, success: 1 }),
    })),
  }
}

/** Replies that the application ends in order, so that a client that stays gets all of them. */
export function isOrderly({ reply, upload, reads }: Plan): boolean {
  return (reply === 'small' || reply === 'large' || reply === 'stream' || reply === 'empty') && (upload === 0 || reads)
}

/** Stands at the very end of a whole reply. */
export function markOf({ id }: Plan): string {
  return `~${id}~`
}
