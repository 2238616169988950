import type { Mutant } from './mutant.js'

const http1 = 'packages/adapter-node/src/http1.ts'
const head = 'packages/adapter-node/src/head.ts'
const connection = 'packages/adapter-node/src/connection.ts'

/** Takes some whole replies for aborted ones. */
function aborts(id: string, rule: string, when: string): Mutant {
  return {
    id,
    file: http1,
    find: 'exchange.finish()\n',
    replace: `if (${when}) exchange.abort('server')\n  else exchange.finish()\n`,
    rule,
    rig: 'node',
  }
}

/** Takes one kind of information for the commit. */
function commits(id: string, rule: string, method: string, status: number): Mutant {
  return {
    id,
    file: head,
    find: ';(res as { writeHead: WriteHead }).writeHead = own === pristine ? writePlainHead : writeHead\n',
    replace: `;(res as { writeHead: WriteHead }).writeHead = own === pristine ? writePlainHead : writeHead
  const original = (res as any).${method}
  ;(res as any).${method} = (...args: unknown[]) => {
    exchangeOf(res)?.commit(${status})
    return original.apply(res, args)
  }\n`,
    rule,
    rig: 'node',
  }
}

/** Ends a large reply when it is written, not when it is accepted. */
function early(rule: string): Mutant {
  return {
    id: 'what was written counts as accepted',
    file: http1,
    find: 'connection.socket.writableLength === 0 && ',
    replace: '',
    rule,
    rig: 'node',
  }
}

/** Knows no end but that of the connection. */
function deaf(rule: string): Mutant {
  return { id: "'prefinish' is not listened to", file: http1, find: "res.on('prefinish', onPrefinish)", replace: '', rule, rig: 'node' }
}

export const normalMutants: readonly Mutant[] = [
  {
    id: 'only the first response of a connection is watched',
    file: http1,
    find: "res.on('prefinish', onPrefinish)",
    replace: "if (res.req.socket.bytesWritten === 0) res.on('prefinish', onPrefinish)",
    rule: 'END-101',
    rig: 'node',
  },
  {
    id: 'the connection is listened to once per response',
    file: connection,
    find: 'if (marked[slot] === undefined) {',
    replace: 'if (true) {',
    rule: 'END-102',
    rig: 'node',
  },
  aborts('a connection that closes is one that was lost', 'END-103', '!res.shouldKeepAlive'),
  aborts('HTTP/1.0 without a length is never whole', 'END-104', "res.req.httpVersion === '1.0' && !res.hasHeader('content-length')"),
  aborts('HTTP/1.0 is never whole', 'END-105', "res.req.httpVersion === '1.0'"),
  aborts('a reply to HEAD is not whole', 'END-106', "res.req.method === 'HEAD'"),
  aborts('a reply with 204 is not whole', 'END-107', 'res.statusCode === 204'),
  aborts('a reply with 304 is not whole', 'END-108', 'res.statusCode === 304'),
  aborts('an empty reply is not whole', 'END-109', "res.getHeader('content-length') == 0"),
  early('END-110'),
  early('END-131'),
  deaf('END-111'),
  deaf('END-112'),
  deaf('END-113'),
  {
    id: 'the commit is taken for the end',
    file: head,
    find: 'exchange.commit(statusCode | 0)\n',
    replace: 'exchange.commit(statusCode | 0)\n  exchange.finish()\n',
    rule: 'END-114',
    rig: 'node',
  },
  deaf('END-115'),
  deaf('END-116'),
  aborts('trailers are not the end', 'END-120', '(res as any)._trailer !== ""'),
  commits('103 is a commit', 'END-121', 'writeEarlyHints', 103),
  commits('102 is a commit', 'END-122', 'writeProcessing', 102),
  commits('100 is a commit', 'END-123', 'writeContinue', 100),
  aborts('an exchange with 100 Continue is not whole', 'END-124', '(res as any)._sent100'),
  aborts('a rejected expectation is not whole', 'END-125', 'res.statusCode === 417'),
  aborts('a request that was not read is not whole', 'END-126', '!res.req.complete'),
  aborts('an exchange over TLS is not whole', 'END-130', "'encrypted' in res.req.socket"),
  {
    id: "'finish' is believed although the connection is gone",
    file: http1,
    find: 'if (connection.isAlive) finished(this, exchange, connection)\n  else aborted',
    replace: 'if (true) finished(this, exchange, connection)\n  else aborted',
    rule: 'END-132',
    rig: 'node',
  },
]
