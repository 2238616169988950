import type { Rule } from '../rule.js'
import { guardComposeRules } from './guard-compose.js'
import { guardExpressErrorRules } from './guard-express-errors.js'
import { guardExpressRules } from './guard-express.js'
import { guardFastifyRules } from './guard-fastify.js'
import { guardHeldRules } from './guard-held.js'
import { guardOffRules } from './guard-off.js'
import { guardPlaceRules } from './guard-places.js'
import { guardReplyRules } from './guard-reply.js'

/** When the response is over, handling is over. */
export const guardRules: readonly Rule[] = [
  ...guardReplyRules,
  ...guardPlaceRules,
  ...guardHeldRules,
  ...guardOffRules,
  ...guardComposeRules,
  ...guardExpressRules,
  ...guardExpressErrorRules,
  ...guardFastifyRules,
]
