import type { Rule } from '../rule.js'
import { koaErrorRules } from './koa-errors.js'
import { koaMountRules } from './koa-mounts.js'
import { koaStreamRules } from './koa-streams.js'

/** What only Koa can do, and get wrong. */
export const koaRules: readonly Rule[] = [...koaMountRules, ...koaErrorRules, ...koaStreamRules]
