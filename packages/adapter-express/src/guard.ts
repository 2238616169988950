import type { ServerResponse } from 'node:http'
import { claimOf, isAfterwards, stoppedExchange } from '@afterword/adapter-node/adapter'
import { guardHandler, guardParameter, isGuarded } from './layer.js'
import { relayOf } from './relay.js'
import { type Application, type Handler, type Layer, type Next, type Request, type Router, routerBehind, routerOf } from './routing.js'

const slot = Symbol.for('afterword.guard')

/** What was guarded of a router so far: applications add to it at any time. */
interface Seen {
  stack?: readonly Layer[]
  length: number
}

/** A response whose outermost router is guarded. */
type Guarded = ServerResponse & { [slot]?: true }

/**
 * Guards an application: its layers, and those of every router and application inside it. Twice is harmless.
 *
 * Express calls a layer's `handle` and gives it a `next` of its own, so both are met in one place: the property `handle` of
 * each layer, which is replaced once, when its router is about to be entered. No prototype is touched, and other
 * applications of the process are not.
 */
export function guardApplication(app: Application): void {
  for (let each: Application | undefined = app; each !== undefined; each = each.parent) {
    const router = routerOf(each)
    if (router !== undefined) guardRouter(router)
  }
}

function guardRouter(router: Router): void {
  if (Object.hasOwn(router, slot)) return
  const seen: Seen = { length: 0 }
  Object.defineProperty(router, slot, { value: seen })
  const { handle } = router
  router.handle = (req, res, out) => {
    guardLayers(router, seen)
    const isOutermost = (res as Guarded)[slot] === undefined
    ;(res as Guarded)[slot] = true
    handle.call(router, req, res, isOutermost ? endOf(res, out) : out)
  }
  guardLayers(router, seen)
}

function guardLayers({ stack, params }: Router, seen: Seen): void {
  for (const callbacks of Object.values(params)) {
    for (const [index, callback] of callbacks.entries()) if (!isGuarded(callback)) callbacks[index] = guardParameter(callback)
  }
  if (seen.stack === stack && seen.length === stack.length) return
  seen.stack = stack
  seen.length = stack.length
  for (const layer of stack) guardLayer(layer)
}

function guardLayer(layer: Layer): void {
  if (isGuarded(layer.handle)) return
  const router = routerBehind(layer)
  if (router !== undefined) guardRouter(router)
  else if (layer.route !== undefined) layer.handle = guardRoute(layer, layer.route)
  else if (layer.name === 'mounted_app') layer.handle = guardMounted(layer.handle)
  else layer.handle = guardHandler(layer.handle)
}

/** What comes after the last layer: otherwise Express's own handler, which destroys the connection for an error now. */
function endOf(res: ServerResponse, out: Next): Next {
  return (error) => {
    const exchange = stoppedExchange(res)
    if (exchange === undefined || (error && relayOf(exchange) !== undefined)) return out(error)
    const claim = claimOf(res)
    if (claim !== undefined) claim.isPassing = false
    if (!error) return
    if (claim !== undefined) claim.reportFailure(error)
    else if (exchange.handlerFailed(error)) exchange.report(error, 'handler')
  }
}

/** A route: guards its handlers, which may have become more, and passes it by where none of them is to run. */
function guardRoute({ handle }: Layer, route: { readonly stack: Layer[] }): Handler {
  let length = 0
  return guardHandler((req, res, next) => {
    if (length !== route.stack.length) {
      length = route.stack.length
      for (const layer of route.stack) guardLayer(layer)
    }
    if (stoppedExchange(res as ServerResponse) !== undefined && !route.stack.some((layer) => isAfterwards(layer.handle))) {
      const claim = claimOf(res as object)
      // Express has noted this route already. The outcome tells the one that replied.
      if (claim !== undefined) (req as { route: unknown }).route = claim.route
      return (next as Next)()
    }
    return handle(req, res, next)
  }, true)
}

/**
 * An application inside another: Express keeps it in a closure. But it shows on the request by the time the first of its
 * layers gets its parameters, which is before that layer is called.
 */
function guardMounted(handle: Handler): Handler {
  let isKnown = false
  return guardHandler((...args) => {
    const req = args[0] as Request & { params: unknown }
    if (isKnown) return handle(...args)
    const { app } = req
    let params: unknown = req.params
    const restore = () => Object.defineProperty(req, 'params', { value: params, writable: true, enumerable: true, configurable: true })
    Object.defineProperty(req, 'params', {
      configurable: true,
      get: () => params,
      set(value) {
        params = value
        if (req.app === app || isKnown) return
        isKnown = true
        restore()
        guardApplication(req.app as Application)
      },
    })
    try {
      return handle(...args)
    } finally {
      if (!isKnown) restore()
    }
  }, true)
}
