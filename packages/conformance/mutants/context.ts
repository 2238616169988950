import type { Mutant } from './mutant.js'

const exchange = 'packages/lifecycle-core/src/server-exchange.ts'
const node = 'packages/adapter-node/src/lifecycle.ts'
const scheduler = 'packages/lifecycle-core/src/scheduler.ts'
const task = 'packages/lifecycle-core/src/task.ts'

export const contextMutants: readonly Mutant[] = [
  {
    id: 'the handler runs outside of its context',
    file: exchange,
    find: 'return this.lifecycle.options.context ? storage.run(this, call, ...args) : call(...args)',
    replace: 'return call(...args)',
    rule: 'CTX-001',
    rig: 'node',
  },
  {
    id: 'handlers of an attached server run outside of their context',
    file: node,
    find: 'exchange.run(dispatch, event, req, res)',
    replace: 'dispatch(event, req, res)',
    rule: 'CTX-001',
    rig: 'node-attach',
  },
  {
    id: 'the middleware passes on outside of its context',
    file: 'packages/adapter-express/src/index.ts',
    find: '.run(next)',
    replace: '\n    next()',
    rule: 'CTX-001',
    rig: 'express',
  },
  {
    id: 'the events of a body come out of nowhere',
    file: node,
    find: "if (this.options.context && req.method !== 'GET' && req.method !== 'HEAD') keepContext(req, exchange)",
    replace: '',
    rule: 'CTX-002',
    rig: 'node',
  },
  {
    id: 'a parsed body comes out of nowhere',
    file: 'packages/adapter-fastify/src/index.ts',
    find: 'exchange.run(next)',
    replace: 'next()',
    rule: 'CTX-003',
    rig: 'fastify',
  },
  {
    id: 'tasks run in the context of the turn',
    file: task,
    find: 'run !== undefined && (options?.context ?? exchange.lifecycle.options.context)',
    replace: 'false',
    rule: 'CTX-004',
    rig: 'node',
  },
  {
    id: 'tasks of an abort run in the context of the turn',
    file: task,
    find: 'run !== undefined && (options?.context ?? exchange.lifecycle.options.context)',
    replace: 'false',
    rule: 'CTX-005',
    rig: 'node',
  },
  {
    id: 'tasks of a pipelined request run in the context of the turn',
    file: task,
    find: 'run !== undefined && (options?.context ?? exchange.lifecycle.options.context)',
    replace: 'false',
    rule: 'CTX-006',
    rig: 'node',
  },
  {
    id: 'conditions run in the context of the turn',
    file: task,
    find: 'return this.inContext(() => isWanted(when(outcome)))',
    replace: 'return isWanted(when(outcome))',
    rule: 'CTX-004',
    rig: 'node',
  },
  {
    id: 'current() is the task inside a task',
    file: 'packages/lifecycle-core/src/context.ts',
    find: "'exchange' in store ? store.exchange : store",
    replace: 'false ? store : (store as ServerExchange)',
    rule: 'CTX-004',
    rig: 'node',
  },
  {
    id: 'a turn runs in the context of whoever asked for it',
    file: scheduler,
    find: 'scope.runInAsyncScope(scheduler.turn, scheduler)',
    replace: 'scheduler.turn()',
    rule: 'CTX-007',
    rig: 'node',
  },
  {
    id: 'the sink hears of a task in the context of the turn',
    file: task,
    find: "this.inContext(() => this.exchange.report(error, 'task', this.name))",
    replace: "this.exchange.report(error, 'task', this.name)",
    rule: 'CTX-007',
    rig: 'node',
  },
  {
    id: 'context: false is ignored',
    file: exchange,
    find: 'return this.lifecycle.options.context ? storage.run(this, call, ...args) : call(...args)',
    replace: 'return storage.run(this, call, ...args)',
    rule: 'CTX-008',
    rig: 'node',
  },
]
