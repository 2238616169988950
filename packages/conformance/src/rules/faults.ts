import type { Rule } from '../rule.js'
import { faultSinkRules } from './fault-sink.js'
import { handlerFaultRules } from './handler-fault.js'
import { signalRules } from './signal.js'

/** Where errors go, and what is none. */
export const faultsRules: readonly Rule[] = [...handlerFaultRules, ...faultSinkRules, ...signalRules]
