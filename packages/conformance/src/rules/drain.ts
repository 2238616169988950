import type { Rule } from '../rule.js'
import { drainCloseRules } from './drain-close.js'
import { drainConnectionRules } from './drain-connection.js'
import { drainDeadlineRules } from './drain-deadline.js'
import { drainHandoverRules } from './drain-handover.js'
import { drainLateRules } from './drain-late.js'
import { drainSocketsRules } from './drain-sockets.js'
import { drainStepsRules } from './drain-steps.js'
import { drainStreamsRules } from './drain-streams.js'
import { drainWaitRules } from './drain-wait.js'
import { fastifyDrainRules } from './fastify-drain.js'
import { shutdownRules } from './shutdown.js'

/** Stop taking work, and wait. */
export const drainRules: readonly Rule[] = [
  ...drainWaitRules,
  ...drainConnectionRules,
  ...drainDeadlineRules,
  ...drainStepsRules,
  ...drainLateRules,
  ...drainSocketsRules,
  ...drainStreamsRules,
  ...drainCloseRules,
  ...drainHandoverRules,
  ...shutdownRules,
  ...fastifyDrainRules,
]
