import type { Rule } from '../rule.js'
import { expressErrorRules } from './express-errors.js'
import { expressLateRules } from './express-late.js'
import { expressMountRules } from './express-mounts.js'
import { expressRelayRules } from './express-relay.js'
import { expressReplyRules } from './express-replies.js'

/** What only Express can do, and get wrong. */
export const expressRules: readonly Rule[] = [...expressReplyRules, ...expressErrorRules, ...expressLateRules, ...expressRelayRules, ...expressMountRules]
