import type { Rule } from '../rule.js'
import { departureRules } from './departure.js'
import { errorHandlerRules } from './error-handler.js'
import { faultLoggerRules } from './fault-logger.js'
import { faultRoutingRules } from './fault-routing.js'
import { faultSinkRules } from './fault-sink.js'
import { handlerFaultRules } from './handler-fault.js'
import { signalRules } from './signal.js'

/** Where errors go, and what is none. */
export const faultsRules: readonly Rule[] = [
  ...handlerFaultRules,
  ...faultSinkRules,
  ...faultLoggerRules,
  ...faultRoutingRules,
  ...departureRules,
  ...errorHandlerRules,
  ...signalRules,
]
