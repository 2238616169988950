import { headCommitMutants } from './head-commit.js'
import { headFieldsMutants } from './head-fields.js'
import { headPassageMutants } from './head-passage.js'
import { headViewMutants } from './head-view.js'
import type { Mutant } from './mutant.js'

export const headMutants: readonly Mutant[] = [
  ...headCommitMutants,
  ...headPassageMutants,
  ...headViewMutants,
  ...headFieldsMutants,
]
