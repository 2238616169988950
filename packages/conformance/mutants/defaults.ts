import type { Mutant } from './mutant.js'

const node = 'packages/adapter-node/src/lifecycle.ts'
const begun = '      own.exchange = exchange\n'
const attached = '    marked[attached] = true\n'

export const defaultsMutants: readonly Mutant[] = [
  ...(['node', 'node-attach', 'http2', 'express', 'express4', 'fastify'] as const).map((rig) => ({
    id: `errors of the request are listened to on ${rig}`,
    file: node,
    find: begun,
    replace: `${begun}      req.on('error', () => {})\n`,
    rule: 'DEF-001',
    rig,
  })),
  {
    id: 'timeouts of the socket are listened to',
    file: node,
    find: begun,
    replace: `${begun}      req.socket.on('timeout', () => {})\n`,
    rule: 'DEF-001',
    rig: 'node',
  },
  {
    id: 'client errors are listened to',
    file: node,
    find: attached,
    replace: `${attached}    server.on('clientError', () => {})\n`,
    rule: 'DEF-002',
    rig: 'node-attach',
  },
  {
    id: 'slow clients are listened to',
    file: node,
    find: attached,
    replace: `${attached}    server.on('clientError', () => {})\n`,
    rule: 'DEF-003',
    rig: 'node-attach',
  },
  {
    id: 'timeouts of the server are listened to',
    file: node,
    find: attached,
    replace: `${attached}    server.on('timeout', () => {})\n`,
    rule: 'DEF-004',
    rig: 'node-attach',
  },
  {
    id: 'errors of the response are listened to',
    file: node,
    find: begun,
    replace: `${begun}      res.on('error', () => {})\n`,
    rule: 'DEF-005',
    rig: 'node',
  },
  {
    id: 'bodies stay on the connection',
    file: node,
    find: begun,
    replace: `${begun}      ;(req as unknown as { _dump(): void })._dump = () => {}\n`,
    rule: 'DEF-006',
    rig: 'node',
  },
  {
    id: 'a listener on the socket for every request',
    file: node,
    find: begun,
    replace: `${begun}      req.socket.on('close', () => {})\n`,
    rule: 'DEF-007',
    rig: 'node',
  },
]
