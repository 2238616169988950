import type { Mutant } from './mutant.js'

const node = 'packages/adapter-node/src'
const reply = `${node}/second-reply.ts`
const claim = `${node}/claim.ts`
const stop = `${node}/stop.ts`
const compose = `${node}/compose.ts`
const guard = 'packages/adapter-express/src/guard.ts'
const layer = 'packages/adapter-express/src/layer.ts'
const express = 'packages/adapter-express/src/index.ts'
const mount = 'packages/adapter-express/src/mount.ts'
const fastify = 'packages/adapter-fastify/src/index.ts'

/** Of second replies. */
const replies: readonly Mutant[] = [
  { id: 'guard: a second reply is let through', file: `${node}/head.ts`, find: 'contain(this, exchange, this[overridden] === undefined ? writePlainHead : writeHead)', replace: 'void contain', rule: 'GRD-001', rig: 'node' },
  { id: 'guard: a second reply is dropped in silence', file: claim, find: "this.exchange.report(error, 'handler')\n  }\n\n  /** Reports an error", replace: '}\n\n  /** Reports an error', rule: 'GRD-001', rig: 'express' },
  { id: 'guard: a fault for every method of a second reply', file: claim, find: 'if (this.reportedReply) return', replace: '', rule: 'GRD-008', rig: 'node' },
  { id: 'guard: setHeader throws', file: reply, find: '  replaced.setHeader = setHeader\n', replace: '', rule: 'GRD-002', rig: 'node' },
  { id: 'guard: setHeaders throws', file: reply, find: '  replaced.setHeaders = setHeaders\n', replace: '', rule: 'GRD-002', rig: 'node' },
  { id: 'guard: appendHeader throws', file: reply, find: '  replaced.appendHeader = appendHeader\n', replace: '', rule: 'GRD-002', rig: 'http2' },
  { id: 'guard: removeHeader throws', file: reply, find: '  replaced.removeHeader = removeHeader\n', replace: '', rule: 'GRD-002', rig: 'express' },
  { id: 'guard: writeHead throws', file: reply, find: '  replaced.writeHead = writeHead\n', replace: '', rule: 'GRD-002', rig: 'fastify' },
  { id: 'guard: write after the end is an error event', file: reply, find: '  replaced.write = write\n', replace: '', rule: 'GRD-002', rig: 'node' },
  { id: 'guard: end after the end is an error event', file: reply, find: '  replaced.end = end\n', replace: '', rule: 'GRD-002', rig: 'node' },
  { id: 'guard: only until the exchange has ended', file: reply, find: "if (claim.isPassing || exchange.outcome?.kind === 'aborted') return undefined", replace: 'if (claim.isPassing || exchange.outcome !== undefined) return undefined', rule: 'GRD-003', rig: 'node' },
  { id: 'guard: a second reply costs the connection', file: reply, find: '  claim.reportReply(error)\n', replace: '  claim.reportReply(error)\n  res.req.socket.destroy()\n', rule: 'GRD-004', rig: 'express' },
  { id: 'guard: the first body takes the second in', file: claim, find: 'if (ended || turn !== this.turn) this.secondTurn = turn', replace: 'if (ended) this.secondTurn = turn', rule: 'GRD-005', rig: 'node' },
  { id: 'guard: a late header costs the body', file: claim, find: 'if (ended || turn !== this.turn) this.secondTurn = turn', replace: 'this.secondTurn = turn', rule: 'GRD-006', rig: 'http2' },
  { id: 'guard: turns never end', file: claim, find: '  turn++\n', replace: '', rule: 'GRD-008', rig: 'node' },
  { id: 'guard: what is dropped is not called back', file: reply, find: 'if (callback !== undefined) process.nextTick', replace: 'if (callback === undefined) process.nextTick', rule: 'GRD-007', rig: 'node' },
  { id: 'guard: a piped stream waits for ever', file: reply, find: "must not wait for 'drain'.\n  return true", replace: "must not wait for 'drain'.\n  return false", rule: 'GRD-007', rig: 'http2' },
  { id: 'guard: the channel does not tell of second replies', file: reply, find: 'if (channels.doubleReply.hasSubscribers) channels.doubleReply.publish({ exchange, method, error })', replace: '', rule: 'GRD-008', rig: 'fastify' },
  { id: 'guard: end() twice is a second reply', file: reply, find: "this.writableEnded ? args[0] === undefined || args[0] === null || typeof args[0] === 'function' : !isForeign(this)", replace: '!this.writableEnded && !isForeign(this)', rule: 'GRD-009', rig: 'node' },
  { id: 'guard: strict reports', file: reply, find: "if (guard === 'strict') throw error\n", replace: '', rule: 'GRD-010', rig: 'node' },
  { id: 'guard: strict throws once', file: reply, find: "if (claim.isSecond && guard !== 'strict') return undefined", replace: 'if (claim.isSecond) return undefined', rule: 'GRD-010', rig: 'express' },
  { id: 'guard: strict throws from within', file: reply, find: "{ cause: site }), below)", replace: "{ cause: site }), String)", rule: 'GRD-010', rig: 'node' },
  { id: 'guard: no claim site', file: reply, find: '{ cause: site }', replace: '{}', rule: 'GRD-011', rig: 'node' },
  { id: 'guard: call sites always', file: reply, find: 'callSites && below !== undefined', replace: 'below !== undefined', rule: 'GRD-011', rig: 'express' },
  { id: 'guard: places of Node itself', file: `${node}/call-site.ts`, find: "!place.startsWith('node:')", replace: 'true', rule: 'GRD-011', rig: 'node' },
  { id: 'guard: a client that left was replied to twice', file: reply, find: "claim.isPassing || exchange.outcome?.kind === 'aborted'", replace: 'claim.isPassing', rule: 'GRD-012', rig: 'node' },
  { id: 'guard: a late mount contains nothing', file: `${node}/lifecycle.ts`, find: 'if (this.options.guard !== false && isClaimed(res) && heldHead(res) === undefined) contain(res, exchange)', replace: 'void isClaimed; void contain', rule: 'GRD-013', rig: 'node' },
  { id: 'guard: off, and yet contained', file: `${node}/head.ts`, find: 'exchange.lifecycle.options.guard !== false && this.headersSent', replace: 'this.headersSent', rule: 'GRD-014', rig: 'node' },
  { id: 'guard: contained before the claim', file: `${node}/lifecycle.ts`, find: 'this.options.guard !== false && isClaimed(res)', replace: 'this.options.guard !== false && (isClaimed(res) || true)', rule: 'GRD-014', rig: 'http2' },
  { id: 'guard: no places for a stopped next()', file: stop, find: 'const calledAt = callSites ? placeOf', replace: 'const calledAt = !callSites ? placeOf', rule: 'GRD-017', rig: 'node' },
  { id: 'guard: a warning per request', file: stop, find: '  warned.add(pair)\n', replace: '', rule: 'GRD-017', rig: 'node' },
  { id: 'guard: warnings in production', file: stop, find: 'if (!callSites || warned.has(pair)) return', replace: 'if (warned.has(pair)) return', rule: 'GRD-017', rig: 'node' },
]

/** Of replies that hooks hold. */
const held: readonly Mutant[] = [
  { id: 'guard: a held reply is no claim', file: `${node}/lock.ts`, find: '  claimHeld(res, lock)\n', replace: '', rule: 'GRD-018', rig: 'node' },
  { id: 'guard: fields of a held reply throw', file: `${node}/lock.ts`, find: 'if (containHeld(this, name, descriptor.value as Below)) return this', replace: 'void containHeld', rule: 'GRD-018', rig: 'express' },
  { id: 'guard: a second body follows the held one', file: `${node}/hold.ts`, find: 'if (this.isSecond(name, args[0]) && containHeld', replace: 'if (!this.isSecond(name, args[0]) && containHeld', rule: 'GRD-018', rig: 'http2' },
  { id: 'guard: an end without a body is a second reply to a held one', file: `${node}/hold.ts`, find: "return this.hasEnded && chunk !== undefined && chunk !== null && typeof chunk !== 'function'", replace: 'return this.hasEnded', rule: 'GRD-018', rig: 'fastify' },
  { id: 'guard: what is behind a held reply runs', file: claim, find: 'return res.headersSent || res.writableEnded', replace: "return Object.getOwnPropertyDescriptor(res, 'headersSent') === undefined && (res.headersSent || res.writableEnded)", rule: 'GRD-019', rig: 'node' },
]

/** Of chains on Express. */
const chains: readonly Mutant[] = [
  { id: 'guard: off, and yet every layer is wrapped', file: express, find: 'if (this.options.guard !== false) guardApplication(app)', replace: 'guardApplication(app)', rule: 'GRD-015', rig: 'express' },
  { id: 'guard: on although it is off', file: stop, find: 'exchange.lifecycle.options.guard !== false', replace: 'true', rule: 'GRD-042', rig: 'node' },
  { id: 'guard: contained although it is off', file: `${node}/head.ts`, find: 'exchange.commit(statusCode | 0)\n', replace: 'exchange.commit(statusCode | 0)\n  contain(this, exchange, writePlainHead)\n', rule: 'GRD-016', rig: 'express' },
  { id: 'guard: next() goes on', file: layer, find: 'if (stopped === undefined) return next(error)\n    if (error', replace: 'return next(error)\n    if (error', rule: 'GRD-025', rig: 'express' },
  { id: 'guard: handlers of a route are not guarded', file: guard, find: 'for (const layer of route.stack) guardLayer(layer)', replace: '', rule: 'GRD-020', rig: 'express' },
  { id: 'guard: routers are not guarded', file: guard, find: 'if (router !== undefined) guardRouter(router)\n  else if', replace: 'if', rule: 'GRD-020', rig: 'express4' },
  { id: 'guard: applications inside are not guarded', file: guard, find: "guardApplication(req.app as Application)\n      },", replace: '},', rule: 'GRD-020', rig: 'express4' },
  { id: 'guard: an application inside is met a request too late', file: guard, find: '        guardApplication(req.app as Application)\n      },', replace: '        const sub = req.app as Application\n        setImmediate(() => guardApplication(sub))\n      },', rule: 'GRD-020', rig: 'express' },
  { id: "guard: 'route' is an error", file: layer, find: "error && error !== 'route' && error !== 'router'", replace: "error && error !== 'router'", rule: 'GRD-021', rig: 'express' },
  { id: "guard: 'router' is an error", file: layer, find: "error && error !== 'route' && error !== 'router'", replace: "error && error !== 'route'", rule: 'GRD-021', rig: 'express4' },
  { id: 'guard: parameter callbacks are not guarded', file: guard, find: 'if (!isGuarded(callback)) callbacks[index]', replace: 'if (isGuarded(callback)) callbacks[index]', rule: 'GRD-022', rig: 'express' },
  { id: 'guard: only while the exchange is open', file: stop, find: 'if (!isClaimed(res)) return undefined', replace: "if (!isClaimed(res) || exchangeOf(res)?.phase === 'drained') return undefined", rule: 'GRD-023', rig: 'express' },
  { id: 'guard: what is registered later is not guarded', file: guard, find: 'seen.length === stack.length) return', replace: 'seen.length > 0) return', rule: 'GRD-024', rig: 'express' },
  { id: 'guard: there only with the first request', file: express, find: 'if (this.options.guard !== false) guardApplication(app)\n', replace: '', rule: 'GRD-031', rig: 'express4' },
  { id: 'guard: nobody is told of a stopped next()', file: stop, find: 'if (channels.nextStopped.hasSubscribers) channels.nextStopped.publish', replace: 'if (!channels.nextStopped.hasSubscribers) channels.nextStopped.publish', rule: 'GRD-025', rig: 'express' },
  { id: 'guard: a layer without its name', file: mount, find: '{ handle: mount, name: mount.name }', replace: '{ handle: mount }', rule: 'GRD-026', rig: 'express' },
  { id: 'guard: routers are hidden from introspection', file: guard, find: 'if (router !== undefined) guardRouter(router)\n  else if (layer.route', replace: 'if (router !== undefined) { guardRouter(router); layer.handle = guardHandler(layer.handle, true) }\n  else if (layer.route', rule: 'GRD-026', rig: 'express' },
  { id: 'guard: only a mount on the application itself', file: express, find: 'if (this.options.guard !== false && req.app !== undefined) guardApplication', replace: 'if (req.app === null) guardApplication', rule: 'GRD-027', rig: 'express' },
  { id: "guard: the end of the chain is Express's", file: guard, find: 'isOutermost ? endOf(res, out) : out', replace: 'isOutermost ? out : out', rule: 'GRD-030', rig: 'express' },
  { id: 'guard: a late error is lost', file: guard, find: 'if (!error) return', replace: 'if (error) return', rule: 'GRD-030', rig: 'express4' },
  { id: 'guard: what error middleware replies is a second reply', file: stop, find: '  claim.failure = failure\n', replace: '', rule: 'GRD-031', rig: 'express' },
  { id: 'guard: an error is reported twice', file: claim, find: 'if (this.reportedError?.error === error && this.reportedError !== undefined) return', replace: '', rule: 'GRD-031', rig: 'express4' },
  { id: 'guard: error middleware does not run', file: stop, find: '  let result: unknown\n  try {\n    result = call()', replace: '  let result: unknown\n  try {\n    result = claim.reportFailure(error)', rule: 'GRD-031', rig: 'express' },
  { id: 'guard: half a response is left to error middleware', file: stop, find: '  exchange.truncate()\n', replace: '', rule: 'GRD-032', rig: 'express' },
  { id: 'guard: with errorMiddleware an error is reported twice', file: express, find: 'if (this.relay !== undefined || this.handlerFailed(req, res, error)) next(error)', replace: 'this.handlerFailed(req, res, error)\n    next(error)', rule: 'GRD-033', rig: 'express' },
  { id: 'guard: marked middleware is stopped', file: layer, find: 'if (stopped !== undefined && !isExempt) return passBy', replace: 'if (stopped !== undefined) return passBy', rule: 'GRD-034', rig: 'express' },
  { id: 'guard: nobody walks to marked middleware', file: layer, find: 'if (hasAfterwards()) walk(req, res, () => next(error))', replace: '', rule: 'GRD-034', rig: 'express4' },
  { id: 'guard: on the way to marked middleware others run', file: layer, find: 'if (stopped !== undefined && !isExempt) return passBy', replace: 'if (stopped !== undefined && !isExempt && !hasAfterwards()) return passBy', rule: 'GRD-034', rig: 'express' },
  { id: 'guard: a walk changes the route', file: guard, find: 'if (claim !== undefined) (req as { route: unknown }).route = claim.route', replace: 'void claim', rule: 'GRD-035', rig: 'express' },
  { id: 'guard: marked middleware may reply once more', file: layer, find: 'if (stopped !== undefined) leavePassage(res)', replace: 'void leavePassage', rule: 'GRD-036', rig: 'express' },
]

/** Of `compose`, and of Fastify. */
const others: readonly Mutant[] = [
  { id: 'compose: no 404', file: compose, find: 'if (!isClaimed(res)) answerNotFound(res)', replace: 'void [isClaimed, answerNotFound]; this.res.end()', rule: 'GRD-040', rig: 'node' },
  { id: 'compose: a chain inside ends the request', file: compose, find: '      outer(error)\n', replace: '', rule: 'GRD-040', rig: 'http2' },
  { id: 'compose: error middleware runs without an error', file: compose, find: 'if ((each.length === 4) !== Boolean(error)) continue', replace: 'if (each.length !== 4 && error) continue', rule: 'GRD-040', rig: 'node' },
  { id: 'compose: rejections are lost', file: compose, find: 'if (isThenable(result)) settle(result, undefined, fail)', replace: 'if (isThenable(result)) settle(result, undefined, () => {})', rule: 'GRD-041', rig: 'node' },
  { id: 'compose: errors go back', file: compose, find: 'const fail = (thrown: unknown) => this.go(index,', replace: 'const fail = (thrown: unknown) => this.go(-1,', rule: 'GRD-041', rig: 'http2' },
  { id: 'compose: a chain goes on behind the claim', file: compose, find: 'if (stopped !== undefined && !error && !isAfterwards(each)) continue', replace: 'void isAfterwards', rule: 'GRD-042', rig: 'node' },
  { id: 'compose: marked middleware in a chain inside is missed', file: compose, find: 'return middleware.some(isAfterwards) ? exempt(chain) : chain', replace: 'void exempt; return chain', rule: 'GRD-042', rig: 'express' },
  { id: 'compose: what error middleware replies is a second reply', file: compose, find: 'else if (stopped === undefined) result = each(error, req, res, next)', replace: 'else if (stopped !== null) result = each(error, req, res, next)', rule: 'GRD-043', rig: 'node' },
  { id: 'compose: what fails late is lost', file: compose, find: 'else failLate(res, error)', replace: 'else void failLate', rule: 'GRD-044', rig: 'node' },
  { id: 'compose: the reply of marked middleware is dropped in silence', file: reply, find: '  claim.reportReply(error)\n', replace: '', rule: 'GRD-045', rig: 'node' },
  { id: 'fastify: a hook goes on by itself', file: fastify, find: 'if (this.options.guard !== false) reply.send = send', replace: 'reply.send = function (payload: unknown) { const sent = (Object.getPrototypeOf(this) as FastifyReply).send.call(this, payload); exchangeOf(this.raw)?.report(payload, "handler"); return sent }', rule: 'GRD-060', rig: 'fastify' },
  { id: 'fastify: a second send is left to its log', file: fastify, find: 'if (this.options.guard !== false) reply.send = send', replace: '', rule: 'GRD-061', rig: 'fastify' },
  { id: 'fastify: a second send is reported without the guard', file: fastify, find: 'if (this.sent && claimOf(this.raw) !== undefined) {', replace: 'if (this.sent && claimOf(this.raw) === undefined) {', rule: 'GRD-061', rig: 'fastify' },
]

export const guardMutants: readonly Mutant[] = [...replies, ...held, ...chains, ...others]
