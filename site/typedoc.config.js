import { readFileSync } from 'node:fs'

/** The codes are documented by their values, which the table of docs/errors.md shows. */
const codes = readFileSync(new URL('../packages/lifecycle-core/src/errors.ts', import.meta.url), 'utf8').match(/^ {2}ERR_\w+(?=:)/gm)

const packages = ['lifecycle-core', 'adapter-node', 'adapter-express', 'adapter-fastify', 'adapter-koa', 'adapter-hono']

/** @type {import('typedoc').TypeDocOptions} */
export default {
  plugin: ['typedoc-plugin-markdown'],
  entryPoints: [
    ...packages.map((name) => `../packages/${name}/src/index.ts`),
    '../packages/lifecycle-core/src/adapter.ts',
    '../packages/adapter-node/src/shutdown.ts',
  ],
  tsconfig: '../tsconfig.json',
  out: 'api',
  readme: 'none',
  excludePrivate: true,
  excludeInternal: true,
  disableSources: true,
  hideGenerator: true,
  validation: { notDocumented: true, notExported: true, invalidLink: true },
  packagesRequiringDocumentation: packages.map((name) => `@afterword/${name}`),
  requiredToBeDocumented: ['Class', 'Interface', 'Function', 'TypeAlias', 'Variable', 'Method', 'Property', 'Accessor', 'Constructor'],
  intentionallyNotDocumented: codes.map((code) => `lifecycle-core/src.errorCodes.__type.${code.trim()}`),
  treatWarningsAsErrors: true,
}
