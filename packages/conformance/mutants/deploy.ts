import type { Mutant } from './mutant.js'

const drain = 'packages/lifecycle-core/src/drain.ts'
const host = 'packages/adapter-node/src/host.ts'
const shutdown = 'packages/adapter-node/src/shutdown.ts'

/** In what stops a whole process; the scenarios are in `deploy/`. */
export const deployMutants: readonly Mutant[] = [
  {
    id: 'a process does not wait for work',
    file: drain,
    find: 'if (!(lifecycle.isIdle && this.connected === 0)) {',
    replace: 'if (this.connected === 0) return this.seal()\n      else {',
    rule: 'DEP-001',
    rig: 'node',
  },
  {
    id: 'a process closes its server as everybody does',
    file: host,
    find: 'NetServer.prototype.close.call(server)',
    replace: 'server.close()',
    rule: 'DEP-002',
    rig: 'express',
  },
  {
    id: 'a process that cut a handler exits with 0',
    file: drain,
    find: 'const clean = lost.length === 0 && cut.length === 0',
    replace: 'const clean = lost.length === 0',
    rule: 'DEP-003',
    rig: 'fastify',
  },
  {
    id: 'the tasks of a process are not hurried',
    file: drain,
    find: 'for (const task of [...lifecycle.scheduler.unsettled]) task.abort(reason)',
    replace: '',
    rule: 'DEP-004',
    rig: 'node',
  },
  {
    id: 'event streams are not hurried',
    file: drain,
    find: 'for (const exchange of [...lifecycle.open]) exchange.abortSignal(reason)',
    replace: '',
    rule: 'DEP-005',
    rig: 'http2',
  },
  {
    id: 'the queue of a process is left behind',
    file: drain,
    find: 'if (!(lifecycle.isIdle && this.connected === 0)) {',
    replace: 'if (this.connected === 0) return this.seal()\n      else {',
    rule: 'DEP-006',
    rig: 'fastify',
  },
  {
    id: 'a task that schedules itself is never refused',
    file: 'packages/lifecycle-core/src/refusal.ts',
    find: 'if (task.depth > maxDepth) {',
    replace: 'if (false) {',
    rule: 'DEP-007',
    rig: 'express',
  },
  {
    id: 'a second signal exits without a word',
    file: shutdown,
    find: 'this.hard.abort()',
    replace: 'process.exit(1)',
    rule: 'DEP-008',
    rig: 'node',
  },
  {
    id: 'a process that was busy does not wait for work',
    file: drain,
    find: 'if (!(lifecycle.isIdle && this.connected === 0)) {',
    replace: 'if (this.connected === 0) return this.seal()\n      else {',
    rule: 'DEP-009',
    rig: 'node',
  },
  {
    id: 'the drain begins after the databases were closed',
    file: 'packages/adapter-fastify/src/index.ts',
    find: "app.addHook('preClose'",
    replace: "app.addHook('onClose'",
    rule: 'DEP-010',
    rig: 'fastify',
  },
  {
    id: 'balancers get no time to notice',
    file: drain,
    find: 'if (this.isDelayed) {',
    replace: 'if (false) {',
    rule: 'DEP-011',
    rig: 'node',
  },
  {
    id: 'an uncaught exception kills at once',
    file: shutdown,
    find: "process.on('uncaughtException', this.onCrash)",
    replace: '',
    rule: 'DEP-012',
    rig: 'node',
  },
]
