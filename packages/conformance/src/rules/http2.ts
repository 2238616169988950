import type { Rule } from '../rule.js'
import { cutRules } from './http2-cut.js'
import { lateRules } from './http2-late.js'
import { replyRules } from './http2-reply.js'
import { resetRules } from './http2-reset.js'
import { serverSideRules } from './http2-server-side.js'
import { sessionRules } from './http2-session.js'

/** HTTP/2 through the compatibility API. */
export const http2Rules: readonly Rule[] = [
  ...replyRules,
  ...lateRules,
  ...resetRules,
  ...sessionRules,
  ...serverSideRules,
  ...cutRules,
]
