import type { Style, Terminal } from './terminal.js'

/** One line of cells, each with a style of its own. */
export class Row {
  private readonly cells: { char: string; style: Style | undefined }[]

  constructor(columns: number) {
    this.cells = Array.from({ length: columns }, () => ({ char: ' ', style: undefined }))
  }

  /** Puts text into the cells from a column on; what does not fit is left out. */
  put(column: number, text: string, style?: Style): this {
    for (const [index, char] of [...text].entries()) {
      const cell = Math.round(column) + index
      if (cell >= 0 && cell < this.cells.length) this.cells[cell] = { char, style }
    }
    return this
  }

  /** Fills the cells from one column up to another. */
  fill(from: number, to: number, char: string, style?: Style): this {
    return this.put(from, char.repeat(Math.max(Math.round(to) - Math.round(from), 0)), style)
  }

  /** The line, with as few changes of style as possible. */
  render(terminal: Terminal): string {
    let line = ''
    for (let from = 0; from < this.cells.length; ) {
      const style = this.cells[from]?.style
      let to = from
      let text = ''
      while (to < this.cells.length && this.cells[to]?.style === style) text += this.cells[to++]?.char
      line += style === undefined ? text : terminal.paint(style, text)
      from = to
    }
    return line
  }
}
