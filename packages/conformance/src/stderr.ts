import { Latch } from './latch.js'

/** Collects what goes to stderr through `console.error` while it works. */
export async function withStderr(work: (lines: Latch<string>) => Promise<void>): Promise<void> {
  const own = console.error
  const lines = new Latch<string>()
  console.error = (line: string) => lines.add(line)
  try {
    await work(lines)
  } finally {
    console.error = own
  }
}
