import type { Rule } from '../rule.js'
import { taskFigureRules } from './task-figures.js'
import { taskHandleRules } from './task-handle.js'
import { taskIsolationRules } from './task-isolation.js'
import { taskKeyRules } from './task-keys.js'
import { taskLimitRules } from './task-limits.js'
import { taskNestingRules } from './task-nesting.js'
import { taskStartRules } from './task-start.js'

/** After the end: the work that was scheduled behind the response. */
export const tasksRules: readonly Rule[] = [
  ...taskStartRules,
  ...taskIsolationRules,
  ...taskNestingRules,
  ...taskHandleRules,
  ...taskKeyRules,
  ...taskLimitRules,
  ...taskFigureRules,
]
