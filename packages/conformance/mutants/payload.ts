import type { Mutant } from './mutant.js'

const hooks = 'packages/lifecycle-core/src/hooks.ts'
const exchange = 'packages/lifecycle-core/src/server-exchange.ts'
const extensions = 'packages/lifecycle-core/src/extensions.ts'
const kept = 'packages/lifecycle-core/src/capture.ts'
const hold = 'packages/adapter-node/src/hold.ts'
const payload = 'packages/adapter-node/src/payload.ts'
const passage = 'packages/adapter-node/src/passage.ts'
const capture = 'packages/adapter-node/src/capture.ts'

/** `onPayload` and `captureBody`. */
export const payloadMutants: readonly Mutant[] = [
  {
    id: 'payload hooks in the order of their registration',
    file: hooks,
    find: 'for (let hook = payloadHooks.pop(); hook !== undefined; hook = payloadHooks.pop())',
    replace: 'for (let hook = payloadHooks.shift(); hook !== undefined; hook = payloadHooks.shift())',
    rule: 'PAY-001',
    rig: 'node',
  },
  { id: 'payload hooks cannot leave the payload', file: hooks, find: 'if (result !== undefined) current = result', replace: 'current = result', rule: 'PAY-001', rig: 'node' },
  { id: 'async payload hooks cannot leave the payload', file: hooks, find: 'value === undefined ? payload : value', replace: 'value', rule: 'PAY-002', rig: 'node' },
  { id: 'payload hooks cannot say null', file: hooks, find: 'if (result !== undefined) current = result', replace: 'current = result ?? current', rule: 'PAY-008', rig: 'node' },
  { id: 'async payload hooks cannot say null', file: hooks, find: 'value === undefined ? payload : value', replace: 'value ?? payload', rule: 'PAY-008', rig: 'node' },
  { id: 'a promise is sent for the payload', file: hooks, find: 'if (isThenable(result)) return this.transformAfter(result, current, head)\n', replace: '\n', rule: 'PAY-001', rig: 'express' },
  { id: 'payload hooks run for a client that has left', file: hooks, find: 'this.exchange.hasEnded ? undefined : ', replace: '', rule: 'PAY-006', rig: 'node' },
  { id: 'payload hooks see their own error page', file: hooks, find: '    this.payloadHooks = []\n', replace: '', rule: 'PAY-025', rig: 'express' },
  { id: 'an error page of a payload hook skips the commit hooks', file: hold, find: '      return gate.refusePayload(error)\n', replace: '      this.open()\n      return gate.refusePayload(error)\n', rule: 'PAY-003', rig: 'fastify' },
  { id: 'streams are shown to payload hooks', file: payload, find: 'return !isStream &&', replace: 'return', rule: 'PAY-004', rig: 'fastify' },
  { id: 'what is written while the payload is decided comes before it', file: hold, find: ' || this.isRefused || this.isDeciding)', replace: ' || this.isRefused)', rule: 'PAY-005', rig: 'node' },
  { id: 'a reply whose payload is decided looks open', file: hold, find: '    this.hasEnded = true\n    lock(res)\n', replace: '', rule: 'PAY-005', rig: 'express' },
  { id: 'what payload hooks change in the head is lost', file: hold, find: 'this.isDeciding = this.isRefused = this.hasEnded = false\n    this.head.apply()', replace: 'this.isDeciding = this.isRefused = this.hasEnded = false', rule: 'PAY-002', rig: 'node' },
  { id: 'late payload hooks are forgotten in silence', file: exchange, find: '    this.assertOpen(caller)\n    return (this.extend().hooks', replace: '    return (this.extend().hooks', rule: 'PAY-007', rig: 'node' },
  { id: 'a payload with a status before it is not seen', file: payload, find: "args.length > 1 && typeof args[0] === 'number' ? 1 : 0", replace: '0', rule: 'PAY-020', rig: 'express4' },
  { id: 'values of node have no length', file: payload, find: "if (res.statusCode !== 204 && res.statusCode !== 304) res.setHeader('content-length', Buffer.byteLength(body))", replace: '', rule: 'PAY-024', rig: 'node' },

  { id: 'nothing is captured that is written in pieces', file: capture, find: "name !== 'write' && name !== 'end'", replace: "name !== 'end'", rule: 'CAP-001', rig: 'node' },
  { id: 'what is written at the end is captured twice over HTTP/2', file: passage, find: "this.isEnding = name === 'end'", replace: '', rule: 'CAP-001', rig: 'http2' },
  { id: 'hex is captured as text', file: capture, find: "typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'", replace: "'utf8'", rule: 'CAP-001', rig: 'node' },
  { id: 'bytes are captured beyond the limit', file: capture, find: 'chunk.subarray(0, room)', replace: 'chunk', rule: 'CAP-002', rig: 'node' },
  { id: 'text is captured beyond the limit', file: capture, find: 'Buffer.from(beginning, form).subarray(0, room)', replace: 'Buffer.from(beginning, form)', rule: 'CAP-002', rig: 'node' },
  { id: 'a capture never says that there was more', file: kept, find: 'return this.size > this.kept', replace: 'return false', rule: 'CAP-002', rig: 'node' },
  { id: 'every type is captured', file: extensions, find: "=== true ? this.capture : undefined", replace: "=== undefined ? undefined : this.capture", rule: 'CAP-003', rig: 'node' },
  { id: 'types are compared as they are written', file: kept, find: 'types?.map((type) => type.toLowerCase())', replace: 'types', rule: 'CAP-003', rig: 'node' },
  { id: 'parameters make another type', file: kept, find: "toLowerCase().split(';')", replace: 'toLowerCase().split("!")', rule: 'CAP-003', rig: 'node' },
  { id: 'the body of a HEAD request is captured', file: capture, find: "if (res.req.method === 'HEAD') return\n", replace: '\n', rule: 'CAP-004', rig: 'node' },
  { id: 'the body of a 304 is captured', file: capture, find: ' || bare.has(res.statusCode)', replace: '', rule: 'CAP-004', rig: 'node' },
  { id: 'captured bodies stay', file: exchange, find: '    this.extensions?.capture?.release()\n', replace: '', rule: 'CAP-005', rig: 'node' },
  { id: 'what was captured changes with its buffer', file: capture, find: 'Uint8Array.from(chunk.subarray(0, room))', replace: 'chunk.subarray(0, room)', rule: 'CAP-006', rig: 'node' },
  { id: 'captures begin in the middle', file: exchange, find: "    this.assertOpen('captureBody')\n", replace: '', rule: 'CAP-007', rig: 'node' },
  { id: 'what compression makes of a body is captured', file: passage, find: ' || method !== this.inner[name]) return', replace: ') return', rule: 'BCM-080', rig: 'express' },
]
