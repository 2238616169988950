import type { ServerResponse } from 'node:http'

/**
 * Makes a response that can only be read: what error middleware gets when the real one is over. It stands before the
 * real one as its child, so that everything else that is known of that can still be read.
 */
export function inertOf(res: ServerResponse): ServerResponse {
  return Object.create(res, members) as ServerResponse
}

function returnsItself(this: unknown): unknown {
  return this
}

/** A caller that waits for the end of what it asked for must not wait for ever. */
function callsBack(this: unknown, ...args: unknown[]): unknown {
  const callback = args.at(-1)
  if (typeof callback === 'function') process.nextTick(callback as () => void)
  return this
}

function writes(...args: unknown[]): boolean {
  callsBack(...args)
  return true
}

/** Everything in Node's response and Express's own that reaches the connection; what else there is stands on these. */
const methods: Readonly<Record<string, (...args: unknown[]) => unknown>> = {
  write: writes,
  end: callsBack,
  sendFile: callsBack,
  // Express 4 has it twice.
  sendfile: callsBack,
  download: callsBack,
}
const silent = [
  'setHeader', 'setHeaders', 'appendHeader', 'removeHeader', 'writeHead', 'flushHeaders', 'addTrailers', 'writeContinue', 'writeProcessing',
  'writeEarlyHints', 'writeInformation', 'uncork', 'cork', 'destroy', 'assignSocket', 'detachSocket', 'setTimeout',
]

/** What stays as it was, though it is assigned to. */
function constant(name: 'statusCode' | 'statusMessage'): PropertyDescriptor {
  return {
    get(this: object): unknown {
      return (Object.getPrototypeOf(this) as ServerResponse)[name]
    },
    set() {},
  }
}

const members: PropertyDescriptorMap = {
  headersSent: { value: true },
  statusCode: constant('statusCode'),
  statusMessage: constant('statusMessage'),
}
for (const name of silent) members[name] = { value: returnsItself, writable: true }
for (const [name, value] of Object.entries(methods)) members[name] = { value, writable: true }
