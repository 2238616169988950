import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import type { Mutant } from './mutant.js'
import { root } from './plant.js'

/**
 * What TypeScript says of a name that does not exist, that is used before it is set, or of a text that is none of the language's. (It
 * says the last with numbers below 2000.) Other faults of the types are the point of many mutants.
 */
const unknownNames = new Set([2304, 2339, 2448, 2454, 2551, 2552, 2663, 18004])

/** Several mutants of a file that touch different parts of it are planted together: a program for each would take minutes. */
interface Round {
  readonly mutants: Mutant[]
  readonly taken: Map<string, (readonly [start: number, end: number])[]>
}

/**
 * Says which mutants name what does not exist. Every rule goes red for one of those, and it proves nothing: a source may
 * lose a name that stands in a mutant's replacement only.
 */
export function strangers(mutants: readonly Mutant[]): { mutant: Mutant; message: string }[] {
  const program = new Planted()
  const suspects = rounds(mutants).flatMap((round) => {
    const messages = program.messages(round.mutants)
    return round.mutants.filter(({ file }) => messages.has(file))
  })
  return suspects.flatMap((mutant) => {
    const message = program.messages([mutant]).get(mutant.file)
    return message === undefined ? [] : [{ mutant, message }]
  })
}

function rounds(mutants: readonly Mutant[]): Round[] {
  const all: Round[] = []
  for (const mutant of mutants) {
    const start = placeOf(mutant)
    const end = start + mutant.find.length
    const isFree = ({ taken }: Round) => (taken.get(mutant.file) ?? []).every(([from, to]) => end <= from || to <= start)
    let round = all.find(isFree)
    if (round === undefined) all.push((round = { mutants: [], taken: new Map() }))
    round.mutants.push(mutant)
    round.taken.set(mutant.file, [...(round.taken.get(mutant.file) ?? []), [start, end]])
  }
  return all
}

const read = (file: string) => readFileSync(join(root, file), 'utf8')
const placeOf = ({ file, find }: Pick<Mutant, 'file' | 'find'>) => read(file).indexOf(find)

function onUnRecoverableConfigFileDiagnostic({ messageText }: ts.Diagnostic): never {
  throw new Error(ts.flattenDiagnosticMessageText(messageText, ' '))
}

/** The project, with mutants in it. */
class Planted {
  private readonly texts = new Map<string, string>()
  private readonly versions = new Map<string, number>()
  private readonly service: ts.LanguageService

  constructor() {
    const config = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.json'), {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic })
    if (config === undefined) throw new Error('There is no tsconfig.json at the root of the repository.')
    this.service = ts.createLanguageService({
      ...ts.sys,
      useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
      getCompilationSettings: () => config.options,
      getCurrentDirectory: () => root,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      getScriptFileNames: () => config.fileNames,
      getScriptVersion: (path) => String(this.versions.get(path) ?? 0),
      getScriptSnapshot: (path) => {
        const text = this.texts.get(path) ?? ts.sys.readFile(path)
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
      },
    })
  }

  /** What is said of the files with these mutants in them, if anything. */
  messages(mutants: readonly Mutant[]): Map<string, string> {
    const files = new Set(mutants.map(({ file }) => file))
    // The last place of a file first, so that none moves before its turn.
    for (const { file, find, replace } of mutants.toSorted((a, b) => placeOf(b) - placeOf(a))) {
      const path = join(root, file)
      const text = this.texts.get(path) ?? read(file)
      const place = placeOf({ file, find })
      this.texts.set(path, text.slice(0, place) + replace + text.slice(place + find.length))
    }
    this.touch(files)
    const messages = new Map<string, string>()
    for (const file of files) {
      const path = join(root, file)
      const found = [...this.service.getSyntacticDiagnostics(path), ...this.service.getSemanticDiagnostics(path)].filter(
        ({ code }) => code < 2000 || unknownNames.has(code),
      )
      if (found.length > 0) messages.set(file, found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')).join(' '))
    }
    this.texts.clear()
    this.touch(files)
    return messages
  }

  private touch(files: Iterable<string>): void {
    for (const file of files) {
      const path = join(root, file)
      this.versions.set(path, (this.versions.get(path) ?? 0) + 1)
    }
  }
}
