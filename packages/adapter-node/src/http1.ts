import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { AbortReason, ResponseHead } from '@afterword/lifecycle-core'
import { type Binding, exchangeOf, type Signals } from '@afterword/lifecycle-core/adapter'
import { type Connection, connectionOf, knownConnection } from './connection.js'
import { parseWireHead, watchHead, wroteHead } from './head.js'
import { capture } from './capture.js'
import { hold, heldHead } from './hold.js'
import { answerRefusal } from './page.js'

/** Set on a response to which a drain has added `Connection: close`. */
const asked = Symbol('afterword.asked')

type AskedResponse = ServerResponse & { [asked]?: true }

/**
 * Binds `http.ServerResponse`. This file and `http2.ts` are the only ones that know native events, and these are the
 * only ones that are listened to: most others change what Node does by default.
 *
 * - 'prefinish': all was written, to a socket: it comes on the response's turn only, and when none of it is held any more. If the
 *   operating system has accepted it at once, as for most responses, this is the end; otherwise 'finish' is.
 * - 'finish': the last write was called back. Before Node 24.20 and 26.7 also when it was cancelled because the client
 *   had left, so the socket is asked as well, before anything else can touch it.
 * - 'close' on the socket: over for all that is left on it. One listener per connection. A response that is destroyed destroys
 *   its socket.
 * - 'close' on the response, from the close of its socket on: the moment at which Node tells the application. Before that only where
 *   it comes alone: for a response that is queued on a pipelined connection (since Node 24.16), and for an injected request.
 *
 * Express replaces the prototype of a response, and on Node 20 every object that this is done to has a shape of its own, so
 * that each look at one of its properties misses the caches of V8. So it is the connection that is kept and asked.
 *
 * The flags of a response (`writableFinished`, `headersSent`) lie after an abort, so they are read only at these events,
 * and at a mount that runs late, while the connection is alive.
 */
export const http1: Binding<ServerResponse> = {
  attach(res, signals) {
    const { socket } = res.req
    const connection = connectionOf(socket, watchSocket)
    signals.kept = connection
    watchHead(res)
    // The rest of this is for a mount that runs late, when part of it, or all of it, has happened.
    if (res.headersSent) signals.commit(res.statusCode)
    if (!connection.isAlive) signals.abort(reasonOf(res))
    else if (res.writableFinished) signals.finish()
    else watchEnd(res, connection)
  },

  endConnection(res) {
    // Only the last of a pipeline: what is queued behind a response that closes the connection is never sent.
    const { open = [] } = knownConnection(res.req.socket) ?? {}
    if (open.at(-1) !== res) return
    for (const earlier of open as readonly AskedResponse[]) {
      if (earlier[asked] === true && earlier !== res) openHead(earlier)?.removeHeader('connection')
    }
    const head = openHead(res)
    if (head === undefined || head.getHeader('connection') === 'close') return
    head.setHeader('connection', 'close')
    ;(res as AskedResponse)[asked] = true
  },

  isWritten: (res) => res.writableEnded,

  destroy(res) {
    // A queued response has no socket yet: destroying it does not cut off those before it. See onClose.
    res.destroy()
  },

  writtenHead: (res) => (res as { _header?: string | null })._header ?? undefined,

  /**
   * From the head on, with the interim responses that the handler sends. Exact for finished responses, unless replies
   * that did not go through a mount stand between pipelined ones that did.
   */
  writtenBytes(res, kept) {
    const connection = kept as Connection
    const { bytesWritten } = connection.socket
    if (bytesWritten === undefined) return null
    // Whatever the connection carried, it was not of a response that is still queued.
    if (connection.isBehind(res)) return 0
    const bytes = bytesWritten - connection.bytesBefore
    connection.bytesBefore = bytesWritten
    return bytes
  },

  parseHead: parseWireHead,

  hold,

  capture,

  refuse: answerRefusal,
}

/** The head of a response as long as it may be changed, also while hooks hold it. */
function openHead(res: ServerResponse): Pick<ResponseHead, 'getHeader' | 'setHeader' | 'removeHeader'> | undefined {
  return heldHead(res) ?? (res.headersSent ? undefined : res)
}

function watchEnd(res: ServerResponse, connection: Connection): void {
  // Whatever was sent before and did not go through a mount is not counted, except behind a response that is still open.
  if (connection.isIdle && !res.headersSent) connection.bytesBefore = connection.socket.bytesWritten
  connection.add(res)
  res.on('prefinish', onPrefinish)
  if (res.socket === null || !connection.isReal) res.on('close', onClose)
  if (res.writableEnded) res.prependListener('finish', onFinish)
  if (res.destroyed) onClose.call(res)
}

function watchSocket(socket: Socket): void {
  // First in line: Node's own listener closes the responses, where one of the application's may throw.
  socket.prependListener('close', onSocketClose)
}

function onPrefinish(this: ServerResponse): void {
  const exchange = exchangeOf(this) as Signals
  const connection = exchange.kept as Connection | undefined
  // Over already: the connection was lost before the response was written.
  if (connection === undefined) return
  if (connection.socket.writableLength === 0 && connection.isAlive) finished(this, exchange, connection)
  // First in line: Node's own listener lets go of the socket, and another's may destroy it.
  else this.prependListener('finish', onFinish)
}

function onFinish(this: ServerResponse): void {
  const exchange = exchangeOf(this) as Signals
  const connection = exchange.kept as Connection | undefined
  if (connection === undefined) return
  if (connection.isAlive) finished(this, exchange, connection)
  else aborted(this, reasonOf(this))
}

function finished(res: ServerResponse, exchange: Signals, connection: Connection): void {
  // Seen only where an application replaced `writeHead` without calling ours.
  if (exchange.isOpen) exchange.commit(res.statusCode)
  exchange.finish()
  connection.remove(res)
}

function aborted(res: ServerResponse, reason: AbortReason): void {
  const exchange = exchangeOf(res)
  if (wroteHead(res) && heldHead(res) === undefined) exchange?.commit(res.statusCode)
  exchange?.abort(reason)
}

function onClose(this: ServerResponse): void {
  // A finished response closes as well.
  if (knownConnection(this.req.socket)?.has(this) !== true) return
  aborted(this, reasonOf(this))
  // Since Node 24.16 a response that is destroyed while it is queued gets 'close', but its turn still comes, and then
  // the connection would hang. Earlier versions destroy it at that moment, as this does.
  if (this.socket === null) this.once('socket', destroy)
  else this.socket.destroy()
}

function destroy(socket: Socket): void {
  socket.destroy()
}

function onSocketClose(this: Socket): void {
  const connection = knownConnection(this)
  if (connection === undefined || connection.isIdle) return
  for (const res of connection.open) if (!connection.wasQueued(res)) res.prependListener('close', onClose)
  // In a later turn: what Node tells the others first, such as a request that it is aborted, still finds it open.
  setImmediate(endLeft, this)
}

/** Ends what the close of its connection has left open. */
function endLeft(socket: Socket): void {
  const connection = connectionOf(socket, watchSocket)
  // One that was never queued, and has no socket, lost it to the application.
  for (const res of connection.open) aborted(res, res.socket === null && !connection.wasQueued(res) ? 'detached' : reasonOf(res))
}

/** What the operating system says when the peer has gone. */
const peerGone: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED'])

function reasonOf({ req, errored }: ServerResponse): AbortReason {
  const socket = req.socket as Socket & { server?: Server & { httpAllowHalfOpen?: boolean } }
  // A client that leaves in order leaves no error behind, but the end of what it sends was seen.
  if (socket.readableEnded && socket.server?.httpAllowHalfOpen !== true) return 'client'
  const error = socket.errored as NodeJS.ErrnoException | null | undefined
  // The application's own error may be that of an upstream connection, with the code of a client that left.
  if (!error || error === errored || error === req.errored) return 'server'
  if (peerGone.has(error.code)) return 'client'
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'timeout'
  return error.code?.startsWith('HPE_') === true ? 'parse-error' : 'server'
}
