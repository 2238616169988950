import { join } from 'node:path'
import ts from 'typescript'
import { type Block, root } from './page.js'

const index = join(root, 'packages/adapter-node/src/index.ts')
const config = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.json'), {}, {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
    throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'))
  },
})
// Each block is a module, even one without imports.
const options: ts.CompilerOptions = { ...config?.options, checkJs: true, moduleDetection: ts.ModuleDetectionKind.Force }
// A block in JavaScript that requires is CommonJS.
const extensions: Record<string, string> = { ts: 'ts', js: 'cjs' }

/** What the compiler says about code blocks, and about the exported types. */
export class Types {
  private readonly program: ts.Program
  private readonly blocks: ReadonlyMap<string, Block>

  constructor(blocks: readonly Block[]) {
    // The files exist only here. They lie in a package that depends on all adapters and frameworks.
    const folder = join(root, 'packages/conformance/examples')
    this.blocks = new Map(blocks.map((block, at) => [join(folder, `${at}.${extensions[block.language]}`).replaceAll('\\', '/'), block]))
    const host = ts.createCompilerHost(options)
    const { fileExists, readFile, getSourceFile } = host
    host.fileExists = (path) => this.blocks.has(path) || fileExists.call(host, path)
    host.readFile = (path) => this.blocks.get(path)?.code ?? readFile.call(host, path)
    host.getSourceFile = (path, languageVersion, ...rest) => {
      const block = this.blocks.get(path)
      if (block === undefined) return getSourceFile.call(host, path, languageVersion, ...rest)
      return ts.createSourceFile(path, block.code, languageVersion, true)
    }
    this.program = ts.createProgram([...this.blocks.keys(), index], options, host)
  }

  /** Every error, with the block and the line in it. */
  get errors(): string[] {
    return [...this.blocks].flatMap(([path, block]) => {
      const file = this.program.getSourceFile(path)
      const diagnostics = [...this.program.getSyntacticDiagnostics(file), ...this.program.getSemanticDiagnostics(file)]
      return diagnostics.map(({ start = 0, messageText }) => {
        const line = block.code.slice(0, start).split('\n').length
        return `${block.name} +${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
      })
    })
  }

  /** The properties of an exported object type, or the strings of an exported union. */
  members(name: string): string[] {
    const checker = this.program.getTypeChecker()
    const module = checker.getSymbolAtLocation(this.program.getSourceFile(index) as ts.SourceFile) as ts.Symbol
    const symbol = checker.getExportsOfModule(module).find((each) => each.name === name)
    if (symbol === undefined) throw new Error(`Nothing called ${name} is exported.`)
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    const type = checker.getDeclaredTypeOfSymbol(target)
    if (type.isUnion()) return type.types.map((each) => (each as ts.StringLiteralType).value)
    return checker.getPropertiesOfType(type).map((each) => each.name)
  }
}
