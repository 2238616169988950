import { beforeMutants } from './before.js'
import { contextMutants } from './context.js'
import { defaultsMutants } from './defaults.js'
import { deployMutants } from './deploy.js'
import { drainMutants } from './drain.js'
import { drainSocketsMutants } from './drain-sockets.js'
import { drainStepsMutants } from './drain-steps.js'
import { expressMutants } from './express.js'
import { fastifyMutants } from './fastify.js'
import { faultRoutingMutants } from './fault-routing.js'
import { faultsMutants } from './faults.js'
import { guardMutants } from './guard.js'
import { headMutants } from './head.js'
import { honoMutants } from './hono.js'
import { http2Mutants } from './http2.js'
import { injectMutants } from './inject.js'
import { inputMutants } from './input.js'
import { koaMutants } from './koa.js'
import { leavingMutants } from './leaving.js'
import { normalMutants } from './normal.js'
import { payloadMutants } from './payload.js'
import { serverSideMutants } from './server-side.js'
import { tasksMutants } from './tasks.js'
import { tasksLimitsMutants } from './tasks-limits.js'
import { transactionsMutants } from './transactions.js'
import type { Mutant } from './mutant.js'

/** Every mutant, by group. */
export const mutants: readonly Mutant[] = [
  ...normalMutants,
  ...guardMutants,
  ...headMutants,
  ...beforeMutants,
  ...payloadMutants,
  ...leavingMutants,
  ...serverSideMutants,
  ...http2Mutants,
  ...injectMutants,
  ...expressMutants,
  ...fastifyMutants,
  ...koaMutants,
  ...honoMutants,
  ...tasksMutants,
  ...tasksLimitsMutants,
  ...transactionsMutants,
  ...faultsMutants,
  ...faultRoutingMutants,
  ...contextMutants,
  ...drainMutants,
  ...deployMutants,
  ...drainStepsMutants,
  ...drainSocketsMutants,
  ...defaultsMutants,
  ...inputMutants,
]
