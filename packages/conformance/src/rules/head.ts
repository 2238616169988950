import type { Rule } from '../rule.js'
import { headCommitRules } from './head-commit.js'
import { headLateRules } from './head-late.js'
import { headListenersRules } from './head-listeners.js'
import { headNativeRules } from './head-native.js'
import { headOutcomeRules } from './head-outcome.js'

/** Before the commit, at it, and what the outcome says of it. */
export const headRules: readonly Rule[] = [
  ...headListenersRules,
  ...headLateRules,
  ...headNativeRules,
  ...headOutcomeRules,
  ...headCommitRules,
]
