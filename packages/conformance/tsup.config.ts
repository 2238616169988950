import { library } from '../../tsup.shared.js'

// ESM only: the command awaits at its top level.
export default { ...library('src/index.ts', 'src/cli.ts'), format: 'esm' as const }
