import type { Rule } from '../rule.js'
import { fastifyAbortRules } from './fastify-aborts.js'
import { fastifyCloseRules } from './fastify-close.js'
import { fastifyErrorRules } from './fastify-errors.js'
import { fastifyHijackRules } from './fastify-hijack.js'
import { fastifyHttp2Rules } from './fastify-http2.js'
import { fastifyLateRules } from './fastify-late.js'
import { fastifyMountRules } from './fastify-mounts.js'
import { fastifyStreamRules } from './fastify-streams.js'

/** What only Fastify can do, and get wrong. */
export const fastifyRules: readonly Rule[] = [
  ...fastifyMountRules,
  ...fastifyAbortRules,
  ...fastifyErrorRules,
  ...fastifyLateRules,
  ...fastifyStreamRules,
  ...fastifyHijackRules,
  ...fastifyHttp2Rules,
  ...fastifyCloseRules,
]
