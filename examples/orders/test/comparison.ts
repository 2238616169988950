import { ownModules, type Server, type Spelling, spellings } from './spellings.js'

/** The source of each server. */
export type Sources = Readonly<Record<Server, string>>

const names = Object.keys(ownModules) as Server[]

/** Compares the servers, line by line: what differs and may not, and which spellings were met. */
export class Comparison {
  readonly complaints: string[] = []
  readonly met = new Set<Spelling>()

  constructor(sources: Sources) {
    const files = names.map((name) => new File(name, sources[name]))
    this.compareImports(files)
    const lines = Math.max(...files.map(({ body }) => body.length))
    for (let index = 0; index < lines; index++) this.compareLine(files, index)
  }

  private compareImports(files: readonly File[]): void {
    for (const { name, imports } of files) {
      for (const line of imports) {
        const isShared = files.every((other) => other.imports.includes(line))
        const module = /^import .* from '(.+)'$/.exec(line)?.[1] ?? ''
        if (!isShared && !(ownModules[name] as readonly string[]).includes(module)) this.complaints.push(`${name} alone: ${line}`)
      }
    }
  }

  private compareLine(files: readonly File[], index: number): void {
    const lines = files.map(({ body }) => body[index])
    if (lines.every((line) => line === lines[0])) return
    const spelling = spellings.find((each) => isSpelled(each, lines))
    if (spelling !== undefined) this.met.add(spelling)
    else this.complaints.push(files.map(({ name, body }) => `${name}: ${body[index] ?? 'nothing'}`).join('\n'))
  }
}

/** The imports of a server, and what comes behind them. */
class File {
  readonly name: Server
  readonly imports: readonly string[]
  readonly body: readonly string[]

  constructor(name: Server, source: string) {
    const lines = source.split('\n')
    const end = lines.findIndex((line) => !line.startsWith('import '))
    this.name = name
    this.imports = lines.slice(0, end)
    this.body = lines.slice(end)
  }
}

/** Whether the lines are the same but for how each server spells it, their indentation included. */
function isSpelled(spelling: Spelling, lines: readonly (string | undefined)[]): boolean {
  const matches = names.map((name, index) => patternOf(spelling[name]).exec(lines[index] ?? ''))
  const [first] = matches
  return matches.every((match) => match !== null && match.slice(1).every((part, index) => part === first?.[index + 1]))
}

function patternOf(template: string): RegExp {
  const escaped = template.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)
  return new RegExp(`^( *)${escaped.replaceAll(/‹\w›/g, '(.+)')}$`)
}
