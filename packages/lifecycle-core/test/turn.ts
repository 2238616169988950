/**
 * Lets the event loop go round so many times. A turn of the scheduler does at least one thing, however slow the machine
 * is, so this is enough for as many ends and tasks.
 */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Lets every microtask run. */
export const flush = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

/** In ms: longer than any test takes, so that a timeout of an hour comes only where a test says that it has passed. */
export const hourMs = 3_600_000

/** A promise that a test settles. */
export interface Deferred<T = void> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

export function defer<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil
    reject = refuse
  })
  return { promise, resolve, reject }
}
