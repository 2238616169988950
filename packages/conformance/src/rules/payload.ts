import type { Rule } from '../rule.js'
import { payloadFrameworkRules } from './payload-frameworks.js'
import { payloadHooksRules } from './payload-hooks.js'

/** What handlers reply with, before it is serialized. */
export const payloadRules: readonly Rule[] = [...payloadHooksRules, ...payloadFrameworkRules]
