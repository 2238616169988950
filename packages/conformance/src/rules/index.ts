import type { Rule } from '../rule.js'
import { beforeRules } from './before.js'
import { captureRules } from './capture.js'
import { contextRules } from './context.js'
import { defaultsRules } from './defaults.js'
import { drainRules } from './drain.js'
import { expressRules } from './express.js'
import { fastifyRules } from './fastify.js'
import { faultsRules } from './faults.js'
import { guardRules } from './guard.js'
import { headRules } from './head.js'
import { honoRules } from './hono.js'
import { http2Rules } from './http2.js'
import { injectRules } from './inject.js'
import { inputRules } from './input.js'
import { koaRules } from './koa.js'
import { leavingRules } from './leaving.js'
import { normalRules } from './normal.js'
import { payloadRules } from './payload.js'
import { serverSideRules } from './server-side.js'
import { tasksRules } from './tasks.js'
import { transactionsRules } from './transactions.js'

/** Every rule, by group. */
export const rules: readonly Rule[] = [
  ...normalRules,
  ...headRules,
  ...beforeRules,
  ...payloadRules,
  ...captureRules,
  ...leavingRules,
  ...serverSideRules,
  ...http2Rules,
  ...injectRules,
  ...expressRules,
  ...fastifyRules,
  ...koaRules,
  ...honoRules,
  ...tasksRules,
  ...transactionsRules,
  ...faultsRules,
  ...guardRules,
  ...contextRules,
  ...drainRules,
  ...defaultsRules,
  ...inputRules,
]
