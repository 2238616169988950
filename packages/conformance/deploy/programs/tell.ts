import { appendFile } from 'node:fs/promises'
import { writeSync } from 'node:fs'

/** Tells the test something, in order and at once, whatever becomes of this process. */
export function tell(event: string, facts: object = {}): void {
  writeSync(1, `${JSON.stringify({ event, ...facts })}\n`)
}

let release: () => void
/** Resolves when the test says so: work that waits for this is pending for as long as the test wants. */
export const released = new Promise<void>((resolve) => (release = resolve))
process.once('message', () => release())
// Nothing but the server and its work keeps the process.
process.channel?.unref()

/** Writes a row to the file that the test counts in the end. */
export async function writeRow(row: string | number): Promise<void> {
  await appendFile(process.env['ROWS'] as string, `${row}\n`)
}
