import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { AbortReason, ResponseHead } from '@afterword/lifecycle-core'
import { type Binding, exchangeOf } from '@afterword/lifecycle-core/adapter'
import { connectionOf, knownConnection } from './connection.js'
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
 * - 'prefinish': all was written. If all of it was accepted by the operating system at once, as it is for most
 *   responses, this is the end; otherwise 'finish' is.
 * - 'finish': the last write was called back. Before Node 24.20 and 26.7 also when it was cancelled because the client
 *   had left, so the socket is asked as well, before anything else can touch it.
 * - 'close' on the response: over. On Node 20 and 22 it never comes for a response queued on a pipelined connection.
 * - 'close' on the socket: over for all that is left on it. One listener per connection.
 *
 * The flags of a response (`writableFinished`, `headersSent`) lie after an abort, so they are read only at these events,
 * and at a mount that runs late, while the connection is alive.
 */
export const http1: Binding<ServerResponse> = {
  attach(res, signals) {
    const { socket } = res.req
    watchHead(res)
    // The rest of this is for a mount that runs late, when part of it, or all of it, has happened.
    if (res.headersSent) signals.commit(res.statusCode)
    if (!isAlive(socket)) signals.abort(reasonOf(res))
    else if (res.writableFinished) signals.finish()
    else watchEnd(res)
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
  writtenBytes(res) {
    const { bytesWritten } = res.req.socket
    const connection = knownConnection(res.req.socket)
    if (bytesWritten === undefined || connection === undefined) return null
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

function watchEnd(res: ServerResponse): void {
  const { socket } = res.req
  const connection = connectionOf(socket, watchSocket)
  // Whatever was sent before and did not go through a mount is not counted, except behind a response that is still open.
  if (connection.open.length === 0 && !res.headersSent) connection.bytesBefore = socket.bytesWritten
  connection.add(res)
  res.on('prefinish', onPrefinish)
  res.on('close', onClose)
  if (res.writableEnded) res.prependListener('finish', onFinish)
  if (res.destroyed) onClose.call(res)
}

function watchSocket(socket: Socket): void {
  // First in line: Node's own listener closes the responses, where one of the application's may throw.
  socket.prependListener('close', onSocketClose)
}

function onPrefinish(this: ServerResponse): void {
  if (this.writableLength === 0 && isAlive(this.req.socket)) finished(this)
  // First in line: Node's own listener lets go of the socket, and another's may destroy it.
  else this.prependListener('finish', onFinish)
}

function onFinish(this: ServerResponse): void {
  if (isAlive(this.req.socket)) finished(this)
  else aborted(this, reasonOf(this))
}

function finished(res: ServerResponse): void {
  const exchange = exchangeOf(res)
  // Seen only where an application replaced `writeHead` without calling ours.
  exchange?.commit(res.statusCode)
  exchange?.finish()
  knownConnection(res.req.socket)?.remove(res)
}

function aborted(res: ServerResponse, reason: AbortReason): void {
  const exchange = exchangeOf(res)
  if (wroteHead(res) && heldHead(res) === undefined) exchange?.commit(res.statusCode)
  exchange?.abort(reason)
}

function onClose(this: ServerResponse): void {
  // A finished response closes as well.
  if (knownConnection(this.req.socket)?.open.includes(this) !== true) return
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
  // In a later turn: what Node tells the others first, such as a request that it is aborted, still finds it open.
  if (knownConnection(this)?.open.length !== 0) setImmediate(endLeft, this)
}

/** Ends what the close of its connection has left open. */
function endLeft(socket: Socket): void {
  const { open, queued } = connectionOf(socket, watchSocket)
  // One that was never queued, and has no socket, lost it to the application.
  for (const res of open) aborted(res, res.socket === null && !queued.has(res) ? 'detached' : reasonOf(res))
}

/** Injected requests have a stub of a socket, on which nothing is ever destroyed. */
function isAlive(socket: Socket): boolean {
  return !socket.destroyed && !socket.errored
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
