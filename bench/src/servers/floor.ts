import { type IncomingMessage, ServerResponse } from 'node:http'

const slot = Symbol('floor')

/** What has to be known of a request, without anything that is done with it. */
class State {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly method: string | undefined
  readonly url: string | undefined
  readonly bytesBefore: number
  readonly task: (() => void) | undefined
  status = 0
  bytes = 0

  constructor(request: IncomingMessage, response: ServerResponse, task: (() => void) | undefined) {
    this.task = task
    this.request = request
    this.response = response
    this.method = request.method
    this.url = request.url
    this.bytesBefore = request.socket.bytesWritten
  }
}

type Watched = ServerResponse & { [slot]: State }
type WriteHead = (this: ServerResponse, ...args: unknown[]) => ServerResponse

const original = ServerResponse.prototype.writeHead as WriteHead

function writeHead(this: Watched, status: number, reason?: string, fields?: object): ServerResponse {
  original.call(this, status, reason, fields)
  this[slot].status = status
  return this
}

function onPrefinish(this: Watched): void {
  const state = this[slot]
  state.bytes = this.req.socket.bytesWritten - state.bytesBefore
  if (state.task !== undefined) setImmediate(state.task)
}

/**
 * The least that tells the head and the end of a response as this library does: an object, a `writeHead` of one's own, one listener, two
 * looks at what the connection has written. A task has a turn of its own after that. It is right for none of the cases that make the
 * difference.
 */
export function watch(req: IncomingMessage, res: ServerResponse, task?: () => void): void {
  ;(res as Watched)[slot] = new State(req, res, task)
  ;(res as unknown as { writeHead: unknown }).writeHead = writeHead
  res.on('prefinish', onPrefinish)
}
