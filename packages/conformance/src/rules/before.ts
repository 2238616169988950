import type { Rule } from '../rule.js'
import { beforeFrameworksRules } from './before-frameworks.js'
import { beforeHoldRules } from './before-hold.js'
import { beforeHooksRules } from './before-hooks.js'
import { beforeLeaveRules } from './before-leave.js'
import { beforeMiddlewareRules } from './before-middleware.js'
import { beforeRefuseRules } from './before-refuse.js'

/** The last moment before the commit, and the replies that wait for it. */
export const beforeRules: readonly Rule[] = [
  ...beforeHooksRules,
  ...beforeRefuseRules,
  ...beforeFrameworksRules,
  ...beforeHoldRules,
  ...beforeLeaveRules,
  ...beforeMiddlewareRules,
]
