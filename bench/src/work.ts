/** What the measured applications do per request besides replying: as little as possible, but so that it can be counted. */
let calls = 0

/** How often any function of this file was called. */
export function callCount(): number {
  return calls
}

/** A listener, a hook or a sync task. */
export function count(): void {
  calls++
}

/** An async task. */
export async function countLater(): Promise<void> {
  await undefined
  calls++
}

/** Takes a log line, as a stream that writes nowhere. */
export const counting = {
  write(): boolean {
    calls++
    return true
  },
}

/** Tasks of {@link burn} behind one request of the fairness measurement. */
export const burnTasks = 1000

/** Computes for 1 ms. */
export function burn(): void {
  const until = performance.now() + 1
  while (performance.now() < until);
  calls++
}

/** What a bare hook does with work that is due after the response: all of it, at once. */
export function burnAll(): void {
  for (let index = 0; index < burnTasks; index++) burn()
}
