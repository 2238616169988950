import type { Rule } from '../rule.js'
import { drainConnectionRules } from './drain-connection.js'
import { drainDeadlineRules } from './drain-deadline.js'
import { drainWaitRules } from './drain-wait.js'

/** Stop taking work, and wait. */
export const drainRules: readonly Rule[] = [...drainWaitRules, ...drainConnectionRules, ...drainDeadlineRules]
