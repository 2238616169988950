import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the repository. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A fenced block of code. */
export interface Block {
  /** For messages: page and line. */
  readonly name: string
  readonly language: string
  /** What follows the language. */
  readonly info: string
  readonly code: string
  /** The block that follows it on the page. */
  next: Block | undefined
}

/** One Markdown file. */
export class Page {
  readonly path: string
  readonly text: string
  readonly blocks: readonly Block[]

  /** @param path from the root of the repository */
  constructor(path: string) {
    this.path = path
    this.text = readFileSync(join(root, path), 'utf8')
    this.blocks = this.findBlocks()
  }

  private findBlocks(): Block[] {
    const blocks: Block[] = []
    for (const match of this.text.matchAll(/^( *)```(\w+)(.*)\n([\s\S]*?)\n\1```$/gm)) {
      const [, indent = '', language = '', info = '', code = ''] = match
      const line = this.text.slice(0, match.index).split('\n').length
      const block = { name: `${this.path}:${line}`, language, info: info.trim(), code: outdent(code, indent.length), next: undefined }
      const previous = blocks.at(-1)
      if (previous !== undefined) previous.next = block
      blocks.push(block)
    }
    return blocks
  }

  /** The tables behind a comment such as `<!-- members: Outcome -->`: what follows the colon, and the rows. */
  tables(kind: string): { of: string; rows: string[][] }[] {
    const pattern = new RegExp(`^<!-- ${kind}(?:: (\\w+))? -->\\n((?:\\|.*\\n)+)`, 'gm')
    return [...this.text.matchAll(pattern)].map(([, of = '', table = '']) => ({
      of,
      rows: table.trim().split('\n').slice(2).map((row) => row.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim())),
    }))
  }

  /** The text without its code blocks. */
  get prose(): string {
    return this.text.replaceAll(/^( *)```[\s\S]*?\n\1```$/gm, '')
  }

  /** Anchors, as they are made from headings. */
  get anchors(): readonly string[] {
    return [...this.prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading.toLowerCase().replaceAll(/[^\p{Letter}\p{Number} _-]/gu, '').replaceAll(' ', '-'),
    )
  }

  /** Links to files of this repository, each as the path from its root, and the anchor. */
  get localLinks(): readonly { path: string; anchor: string }[] {
    const targets = [...this.prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
    return targets
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => {
        const [path = '', anchor = ''] = target.split('#')
        return { path: path === '' ? this.path : relative(root, resolve(root, dirname(this.path), path)), anchor }
      })
  }
}

function outdent(code: string, columns: number): string {
  return code.split('\n').map((line) => line.slice(columns)).join('\n')
}

/** All pages of this repository. */
export const pages: readonly Page[] = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
].map((path) => new Page(path))

/** Returns the page with this path. */
export function page(path: string): Page {
  const found = pages.find((each) => each.path === path)
  if (found === undefined) throw new Error(`There is no page ${path}.`)
  return found
}

/** What stands in backticks in the first cell of a row. */
export function firstName([cell = '']: readonly string[]): string {
  return /`([^`]+)`/.exec(cell)?.[1] ?? cell
}
