import type { Rule } from '../rule.js'
import { transactionAbortRules } from './transaction-abort.js'
import { transactionBeginRules } from './transaction-begin.js'
import { transactionCommitRules } from './transaction-commit.js'
import { transactionRollbackRules } from './transaction-rollback.js'

/** A transaction per exchange: committed before the reply says so, rolled back once otherwise. */
export const transactionsRules: readonly Rule[] = [
  ...transactionBeginRules,
  ...transactionCommitRules,
  ...transactionRollbackRules,
  ...transactionAbortRules,
]
