const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

/** How text may look. */
export type Style = keyof typeof codes

/** Where the demo prints: how wide it is, and whether it has colours. */
export class Terminal {
  /** Columns to use: those of the terminal, within 80 and 120, and 80 where there is no terminal. */
  readonly width: number
  private readonly colourful: boolean
  private readonly stream: NodeJS.WriteStream

  /** @param plain forbids colours, as the environment variable `NO_COLOR` does */
  constructor(stream: NodeJS.WriteStream, plain: boolean) {
    this.stream = stream
    this.width = Math.min(Math.max(stream.columns || 80, 80), 120)
    this.colourful = stream.isTTY === true && !plain && !process.env['NO_COLOR'] && stream.hasColors()
  }

  /** Returns the text in a style, or as it is where there are no colours. */
  paint(style: Style, text: string): string {
    return this.colourful ? `\u001B[${codes[style]}m${text}\u001B[0m` : text
  }

  /** Writes each argument on a line of its own. */
  print(...lines: string[]): void {
    this.stream.write(`${lines.join('\n')}\n`)
  }
}
