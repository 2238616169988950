import { constants, type Http2ServerResponse, type ServerHttp2Stream } from 'node:http2'
import type { AbortReason } from '@afterword/lifecycle-core'
import type { Binding, Signals } from '@afterword/lifecycle-core/adapter'
import { joinFields, watchHead } from './head.js'
import { capture } from './capture.js'
import { hold } from './hold.js'
import { answerRefusal } from './page.js'

const signalsOf = Symbol('afterword.signals')
const bytesOf = Symbol('afterword.bytes')
const reasonOf = Symbol('afterword.reason')

/** A stream as this file marks it. */
type Stream = ServerHttp2Stream & {
  [signalsOf]: Signals
  /** Body bytes handed to the session. */
  [bytesOf]: number
  /** Set when this side closed it, or lost its session, before the client reset it. */
  [reasonOf]: AbortReason | undefined
}

type Callback = (error?: Error | null) => void

/**
 * Binds the response of the HTTP/2 compatibility API. It listens to the stream below: the response's own 'finish' and
 * 'close' come together and for resets too, and for a HEAD request that was never answered they do not come at all.
 *
 * - 'aborted': the stream was reset or lost before the response was written. It comes at once, even while a request
 *   body waits to be read, which 'close' then waits for.
 * - 'close': over. The flags of the stream say how, as long as nobody else has heard of it.
 * - 'finish': the body was accepted. The end of the exchange only if the client goes on sending: 'close' waits for that.
 * - 'end' of the request: before Node 26 the only sign of a RST NO_ERROR that comes while the body waits to be sent.
 */
export const http2: Binding<Http2ServerResponse> = {
  attach(res, signals) {
    const stream = res.stream as Stream
    watchHead(res)
    stream[signalsOf] = signals
    stream[bytesOf] = 0
    stream[reasonOf] = undefined
    if (stream.destroyed || stream.aborted) {
      onOver.call(stream)
      return
    }
    if (stream.headersSent) commit(stream)
    stream.respond = respond
    stream._write = write
    stream._writev = writev
    stream.close = close
    stream.destroy = destroy
    stream.on('finish', onFinish)
    stream.on('end', onEnd)
    // First in line: another listener may throw, or change what the flags say.
    stream.prependListener('aborted', onOver)
    stream.prependListener('close', onOver)
  },

  endConnection(res, stopped) {
    // GOAWAY: open streams go on, the client opens no others. Those it has opened meanwhile are refused, so not too early.
    if (stopped) res.stream.session?.close()
  },

  // An aborted stream was ended by Node.
  isWritten: ({ stream }) => stream.writableEnded && !stream.aborted,

  destroy({ stream }) {
    cut(stream as Stream)
  },

  writtenHead: (res) => res.stream.sentHeaders,

  writtenBytes(res) {
    const bytes = (res.stream as Stream)[bytesOf]
    // Perhaps a file, sent past the compatibility API.
    return bytes === 0 && res.headersSent && !res.writableEnded ? null : bytes
  },

  parseHead(head) {
    const fields = Object.entries(head as object).filter(([name]) => !name.startsWith(':'))
    // In the case in which the application wrote them to the stream.
    return joinFields(fields.map(([name, value]) => [name.toLowerCase(), value]))
  },

  hold,

  capture,

  refuse: answerRefusal,
}

function onOver(this: Stream): void {
  if (this.headersSent) commit(this)
  const finished = this.headersSent && this.writableFinished && this.rstCode === constants.NGHTTP2_NO_ERROR && !this.aborted
  if (finished) this[signalsOf].finish()
  // What this side did not end, the client did.
  else this[signalsOf].abort(this[reasonOf] ?? 'client')
}

function onFinish(this: Stream): void {
  // The session sends the frame that ends our side in the next turn, or later if trailers or the connection hold it up.
  if (!this.endAfterHeaders && !this.readableEnded) setImmediate(inTwoTurns, this)
}

function onEnd(this: Stream): void {
  // An ordinary end of the request leaves the stream open, or comes with the last of the response. One that this side
  // has closed in order still sends what it has.
  if (this.closed && !this.writableFinished && this[reasonOf] === undefined) setImmediate(inTwoTurns, this)
}

function inTwoTurns(stream: Stream): void {
  setImmediate(endEarly, stream)
}

function endEarly(stream: Stream): void {
  if (stream.destroyed) return
  if (stream.writableFinished) {
    if (stream.state.localClose === 1) stream[signalsOf].finish()
  } else if (stream.closed) {
    onOver.call(stream)
    cut(stream)
  }
}

function cut(stream: Stream): void {
  // What this side has closed is left to Node, of which every version spins for ever if such a stream is destroyed while
  // its body is being sent.
  if (stream.closed && stream[reasonOf] !== undefined) return
  // The code tells the client that what it has is not all; the rest is let go of even if that cannot be sent.
  stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  stream.destroy()
}

function commit(stream: Stream): void {
  stream[signalsOf].commit(Number(stream.sentHeaders[constants.HTTP2_HEADER_STATUS]))
}

// Shared by all streams. Every way of replying and of closing, Node's own included, comes through these.

function respond(this: Stream, ...args: unknown[]): void {
  Object.getPrototypeOf(this).respond.apply(this, args)
  commit(this)
}

function write(this: Stream, chunk: string | Buffer, encoding: BufferEncoding, callback: Callback): void {
  this[bytesOf] += Buffer.byteLength(chunk, encoding)
  Object.getPrototypeOf(this)._write.call(this, chunk, encoding, callback)
}

function writev(this: Stream, chunks: { chunk: string | Buffer; encoding: BufferEncoding }[], callback: Callback): void {
  for (const { chunk, encoding } of chunks) this[bytesOf] += Buffer.byteLength(chunk, encoding)
  Object.getPrototypeOf(this)._writev.call(this, chunks, callback)
}

function close(this: Stream, code?: number, callback?: () => void): void {
  noteReason(this)
  Object.getPrototypeOf(this).close.call(this, code, callback)
}

function destroy(this: Stream, error?: Error): Stream {
  noteReason(this, error)
  return Object.getPrototypeOf(this).destroy.call(this, error)
}

/** A stream that the client has reset is closed already when Node destroys it. */
function noteReason(stream: Stream, error?: Error): void {
  if (!stream.closed) stream[reasonOf] = reasonFor(stream, error)
}

function reasonFor({ session }: Stream, error: NodeJS.ErrnoException | null | undefined): AbortReason {
  // A GOAWAY with a code.
  if (error?.code === 'ERR_HTTP2_SESSION_ERROR') return 'client'
  // An error of the protocol implementation has a number, one of Node's own or of the application has not.
  if (error?.code?.startsWith('ERR_HTTP2_') === true && error.errno !== undefined) return 'parse-error'
  // The error of a stream may come from anywhere. The socket's tells that the client is gone; if there is none, the end
  // of what the client sends does.
  const socket = session?.socket
  if (socket?.destroyed !== true) return 'server'
  return socket.readableEnded || (socket.errored as NodeJS.ErrnoException | null)?.syscall !== undefined ? 'client' : 'server'
}
