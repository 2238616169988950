import type { Rule } from '../rule.js'
import { honoErrorRules } from './hono-errors.js'
import { honoMountRules } from './hono-mounts.js'
import { honoStreamRules } from './hono-streams.js'

/** What only Hono can do, and get wrong. */
export const honoRules: readonly Rule[] = [...honoMountRules, ...honoErrorRules, ...honoStreamRules]
