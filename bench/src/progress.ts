import type { Progress } from './instruments/paired.js'

const width = 24

/** Shows how far a run has come: one line that is written over in a terminal, a line per step elsewhere. */
export function showProgress(stream: NodeJS.WriteStream): { readonly progress: Progress; readonly clear: () => void } {
  let last = ''
  return {
    progress: (share, text) => {
      if (!stream.isTTY) {
        if (text !== last) stream.write(`${text}\n`)
        last = text
        return
      }
      const filled = Math.round(share * width)
      stream.write(`\r[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${text}\u001B[K`)
    },
    clear: () => void (stream.isTTY && stream.write('\r\u001B[K')),
  }
}
