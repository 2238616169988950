import type { ServerResponse } from 'node:http'
import { callAfterClaim, claimOf, exempt, hasAfterwards, isAfterwards, stoppedExchange, tellStopped } from '@afterword/adapter-node/adapter'
import type { ServerExchange } from '@afterword/lifecycle-core/adapter'
import type { Handler, Next, Request } from './routing.js'

const mark = Symbol.for('afterword.guarded')

/** Whether a handler is one of ours. */
export function isGuarded(handle: Handler): boolean {
  return (handle as { [mark]?: true })[mark] === true
}

/**
 * Guards a handler or an error handler. Express tells them apart by how many parameters they have.
 *
 * @param isPassage it leads to other handlers, which are guarded themselves
 */
export function guardHandler(handle: Handler, isPassage = false): Handler {
  // Express calls neither with more.
  if (handle.length > 4) return handle
  const isExempt = isPassage || isAfterwards(handle)
  const guarded =
    handle.length === 4
      ? (error: unknown, req: Request, res: ServerResponse, next: Next): unknown => {
          const goOn = nextOf(req, res, next, false)
          const stopped = stoppedExchange(res)
          if (stopped === undefined) return handle(error, req, res, goOn)
          return callAfterClaim(stopped, res, error, () => handle(error, req, res, goOn))
        }
      : (req: Request, res: ServerResponse, next: Next): unknown => {
          if (isPassage) return handle(req, res, next)
          const stopped = stoppedExchange(res)
          if (stopped !== undefined && !isExempt) return passBy(req, res, next, stopped)
          if (stopped !== undefined) leavePassage(res)
          return handle(req, res, nextOf(req, res, next, isExempt))
        }
  Object.defineProperty(guarded, 'name', { value: handle.name })
  Object.defineProperty(guarded, mark, { value: true })
  return (isAfterwards(handle) ? exempt(guarded) : guarded) as Handler
}

/** Guards a callback of `router.param`. */
export function guardParameter(callback: Handler): Handler {
  const guarded = (req: Request, res: ServerResponse, next: Next, value: unknown, name: unknown): unknown => {
    const stopped = stoppedExchange(res)
    if (stopped !== undefined) return passBy(req, res, next, stopped)
    return callback(req, res, nextOf(req, res, next, false), value, name)
  }
  Object.defineProperty(guarded, mark, { value: true })
  return guarded as Handler
}

/** The `next` that a handler gets. */
function nextOf(req: Request, res: ServerResponse, next: Next, isExempt: boolean): Next {
  const guardedNext: Next = (error) => {
    const stopped = stoppedExchange(res)
    if (stopped === undefined) return next(error)
    if (error && error !== 'route' && error !== 'router') return next(error)
    if (!isExempt) tellStopped(stopped, res, guardedNext)
    if (hasAfterwards()) walk(req, res, () => next(error))
  }
  return guardedNext
}

/** Does not run a handler: it was reached in another way than by the `next` of a guarded one. */
function passBy(req: Request, res: ServerResponse, next: Next, stopped: ServerExchange): void {
  if (hasAfterwards()) walk(req, res, next)
  else tellStopped(stopped, res, passBy)
}

/** Lets Express go on to where marked middleware may be. What it sends by itself on the way is nobody's reply. */
function walk(req: Request, res: ServerResponse, goOn: () => void): void {
  const claim = claimOf(res)
  if (claim !== undefined && !claim.isPassing) {
    claim.isPassing = true
    claim.route ??= req.route
  }
  goOn()
}

function leavePassage(res: ServerResponse): void {
  const claim = claimOf(res)
  if (claim !== undefined) claim.isPassing = false
}
