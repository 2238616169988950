import type { Mutant } from './mutant.js'

const rig = 'fastify'

export const injectMutants: readonly Mutant[] = [
  {
    id: 'inject: only what a socket tells is an end',
    file: 'packages/adapter-node/src/http1.ts',
    find: "  res.on('prefinish', onPrefinish)\n",
    replace: '',
    rule: 'INJ-001',
    rig,
  },
  {
    id: 'inject: the close of the response is not heard',
    file: 'packages/adapter-node/src/http1.ts',
    find: ' || !connection.isReal',
    replace: '',
    rule: 'INJ-004',
    rig,
  },
  {
    id: 'inject: a deadline leaves the response alone',
    file: 'packages/lifecycle-core/src/server-exchange.ts',
    find: '    this.abort(reason)\n    this.binding.destroy(response)\n',
    replace: '    this.abort(reason)\n',
    rule: 'INJ-003',
    rig,
  },
  {
    id: 'inject: errors of injected requests are not noted',
    file: 'packages/lifecycle-core/src/server-exchange.ts',
    find: 'if (this.ending?.outcome === undefined) this.extend().error = error',
    replace: '',
    rule: 'INJ-002',
    rig,
  },
]
