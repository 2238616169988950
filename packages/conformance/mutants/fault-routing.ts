import type { Mutant } from './mutant.js'

const core = 'packages/lifecycle-core/src/'
const relay = 'packages/adapter-express/src/relay.ts'
const inert = 'packages/adapter-express/src/inert.ts'
const page = 'packages/adapter-node/src/page.ts'
const plugin = 'packages/adapter-fastify/src/index.ts'
const late = 'packages/adapter-fastify/src/late.ts'

/** Where errors come down, by origin and state. */
export const faultRoutingMutants: readonly Mutant[] = [
  { id: 'a fault before the head is reported twice', file: page, find: 'if (!lost) exchange.report(error, source)', replace: 'exchange.report(error, source); exchange.report(error, source)', rule: 'FLT-101', rig: 'node' },
  { id: 'a handler that fails after the head is nobody\'s', file: core + 'server-exchange.ts', find: 'if (!lost) this.failLate(error, source)', replace: '', rule: 'FLT-102', rig: 'http2' },
  { id: 'fastify: a late rejection is left to its log', file: late, find: 'if (this.take(error)) return undefined', replace: '', rule: 'FLT-103', rig: 'fastify' },
  { id: 'express: a late error is handed to the page', file: relay, find: '    if (this.passageOf(exchange, res).passedOn === error) report(error)\n', replace: '    if (this.passageOf(exchange, res).passedOn === error) done(error)\n', rule: 'FLT-103', rig: 'express4' },
  { id: 'whoever leaves takes the faults along', file: core + 'server-exchange.ts', find: "(this.reason === 'client' && saysClosed(error, signal !== undefined))", replace: "this.reason === 'client'", rule: 'FLT-104', rig: 'fastify' },
  { id: 'a subscriber is reported twice', file: core + 'lifecycle.ts', find: "} catch (error) {\n      exchange.report(error, 'subscriber')", replace: "} catch (error) {\n      exchange.report(error, 'subscriber'); exchange.report(error, 'subscriber')", rule: 'FLT-105', rig: 'node' },
  { id: 'express: the fault of a task goes to the sink as well', file: 'packages/adapter-express/src/index.ts', find: 'this.relay?.take(error, exchange, refuse) !== true) refuse(error)', replace: 'this.relay?.take(error, exchange, refuse) !== undefined) refuse(error)', rule: 'FLT-106', rig: 'express' },
  { id: 'express: a task is relayed before the end', file: relay, find: '!exchange.hasEnded || ', replace: '', rule: 'FLT-107', rig: 'express' },
  { id: 'express: a response that nobody ends stays open', file: relay, find: '    exchange.truncate()\n', replace: '', rule: 'FLT-108', rig: 'express' },
  { id: 'the logger loses its object', file: core + 'sink.ts', find: 'return logger.error({ err: error, ...fault }, message)', replace: '{ const { error: log } = logger; return log({ err: error, ...fault }, message) }', rule: 'FLT-110', rig: 'node' },
  { id: 'a line without the outcome', file: core + 'sink.ts', find: '{ ...rest, outcome: outcome?.kind }', replace: '{ ...rest }', rule: 'FLT-111', rig: 'http2' },
  { id: 'what the logger rejects with is nobody\'s', file: core + 'sink.ts', find: 'if (isThenable(result)) settle(result, undefined, (sinkError) => writeLast(sinkError, error))', replace: 'void result', rule: 'FLT-112', rig: 'node' },
  { id: 'fastify: the logger of the request is not asked', file: plugin, find: 'const log = requestOf(exchange)?.log', replace: 'const log = undefined as FastifyBaseLogger | undefined', rule: 'FLT-113', rig: 'fastify' },
  { id: 'fastify: the logger of the request is not asked before the end', file: core + 'server-exchange.ts', find: 'this.ending === undefined ? this.lifecycle.loggerOf?.(this) : this.ending.logger', replace: 'this.ending?.logger', rule: 'FLT-113', rig: 'fastify' },
  { id: 'fastify: the logger of the request is let go of with the request', file: core + 'server-exchange.ts', find: 'const logger = lifecycle.loggerOf?.(this)', replace: 'const logger = undefined', rule: 'FLT-113', rig: 'fastify' },
  { id: 'fastify: a request of an application without a logger has one', file: plugin, find: 'return log === undefined || isMute(log) ? undefined : log', replace: 'return log', rule: 'FLT-115', rig: 'fastify' },
  { id: 'fastify: whoever owns an exchange has a request', file: plugin, find: 'requestOf(exchangeOf(res))?.routeOptions.url', replace: '(exchangeOf(res)?.owner as FastifyReply | undefined)?.request.routeOptions.url', rule: 'FLT-114', rig: 'fastify' },
  { id: 'fastify: a logger that says nothing is one', file: plugin, find: 'return level === undefined && error === trace', replace: 'return level === null && error === trace', rule: 'FLT-111', rig: 'fastify' },
  { id: 'fastify: the logger of the application is not asked', file: plugin, find: 'exchange.logger ?? this.log', replace: 'exchange.logger', rule: 'FLT-114', rig: 'fastify' },
  { id: 'a stream that the client closed is a fault', file: core + 'sink.ts', find: "code === 'ERR_STREAM_PREMATURE_CLOSE' || ", replace: '', rule: 'FLT-120', rig: 'express' },
  { id: 'an AbortError without a cause is a fault', file: core + 'sink.ts', find: " || (hasSignal && name === 'AbortError' && cause === undefined)", replace: '', rule: 'FLT-120', rig: 'node' },
  { id: 'every AbortError is the client\'s', file: core + 'sink.ts', find: 'hasSignal && name', replace: 'name', rule: 'FLT-121', rig: 'node' },
  { id: 'every stream that breaks off was the client\'s', file: core + 'server-exchange.ts', find: "this.reason === 'client' && saysClosed", replace: 'saysClosed', rule: 'FLT-122', rig: 'node' },
  { id: 'a body that the client did not send is a fault', file: page, find: 'return req.aborted && ', replace: 'return false && ', rule: 'FLT-123', rig: 'node' },
  { id: 'nobody asks the error handler', file: page, find: 'if (errorHandler === undefined || !mayAnswer) {', replace: 'if (errorHandler !== null) {', rule: 'FLT-130', rig: 'http2' },
  { id: 'an error handler that fails takes the error along', file: page, find: '    exchange.report(error, source)\n    if (!exchange.handlerFailed(second)) return', replace: '    if (!exchange.handlerFailed(second)) return', rule: 'FLT-131', rig: 'node' },
  { id: 'the error handler is asked too late', file: page, find: 'if (!exchange.handlerFailed(error, source, lost)) return', replace: 'exchange.handlerFailed(error, source, lost)', rule: 'FLT-132', rig: 'node' },
  { id: 'express: the second late error finds the stack used up', file: relay, find: 'else this.start(error, req, res, report)', replace: 'else report(error)', rule: 'FLT-140', rig: 'express' },
  { id: 'express: error middleware gets the response itself', file: relay, find: 'handle(error, req, passage.inert, passOn)', replace: 'handle(error, req, res, passOn)', rule: 'FLT-141', rig: 'express' },
  { id: 'express: the status of a late page', file: inert, find: "  statusCode: constant('statusCode'),\n", replace: '', rule: 'FLT-141', rig: 'express4' },
  { id: 'express: what is passed on and thrown is two', file: relay, find: 'if (!isError(second) || second === last) return', replace: 'if (!isError(second)) return', rule: 'FLT-142', rig: 'express' },
  { id: 'express: routers keep their late errors', file: relay, find: 'relay.call(this, error, req, res, next)', replace: 'original.call(this, error, req, res, next)', rule: 'FLT-143', rig: 'express4' },
  { id: 'express: tasks are relayed unasked', file: relay, find: 'if (this.takesTasks) ', replace: '', rule: 'FLT-144', rig: 'express' },
  { id: 'express: a task that throws nothing is lost', file: relay, find: ' || !isError(error) || error === true', replace: '', rule: 'FLT-145', rig: 'express' },
  { id: 'express: early errors are not noted', file: relay, find: '!(exchange as ServerExchange).noteError(error)', replace: "['committed', 'finished', 'aborted', 'drained'].includes((exchange as ServerExchange).phase)", rule: 'FLT-146', rig: 'express' },
  { id: 'express: errors without an exchange are relayed', file: relay, find: 'exchange === undefined || relayOf(exchange) !== this || exchange.noteError(error)', replace: '(exchange !== undefined && relayOf(exchange) !== this) || (exchange as ServerExchange).noteError(error)', rule: 'FLT-147', rig: 'express' },
  { id: 'express: the handlers behind run for an error', file: relay, find: 'if (!isError(second) || second === last) return', replace: 'if (second === last && second !== undefined) return', rule: 'FLT-148', rig: 'express' },
  { id: 'fastify: a taken reply is Fastify\'s', file: plugin, find: "    if (reply.sent) exchange.report(error, 'handler')\n    return reply.sent", replace: '    return false', rule: 'FLT-150', rig: 'fastify' },
  { id: 'fastify: every error is too late', file: plugin, find: "    if (reply.sent) exchange.report(error, 'handler')\n    return reply.sent", replace: "    exchange.report(error, 'handler')\n    return true", rule: 'FLT-151', rig: 'fastify' },
  { id: 'fastify: hooks of routes are left alone', file: plugin, find: 'if (route.onResponse !== undefined) route.onResponse', replace: 'if (route.onResponse === null) route.onResponse', rule: 'FLT-152', rig: 'fastify' },
  { id: 'fastify: hooks of instances are left alone', file: plugin, find: "(name === 'onResponse' ? catchLateHook(hook) : hook)", replace: 'hook', rule: 'FLT-152', rig: 'fastify' },
  { id: 'fastify: a late error is handled as well', file: plugin, find: 'if (this.handlerFailed(request.raw, reply.raw, error)) next()', replace: 'this.handlerFailed(request.raw, reply.raw, error); next()', rule: 'FLT-153', rig: 'fastify' },
]
