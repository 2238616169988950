import type { AbortReason } from './binding.js'
import { type ErrorCode, LifecycleError } from './errors.js'

const abortCodes: Readonly<Record<AbortReason, ErrorCode>> = {
  client: 'ERR_LIFECYCLE_CLIENT_LEFT',
  deadline: 'ERR_LIFECYCLE_DEADLINE',
  drain: 'ERR_LIFECYCLE_DRAINING',
  server: 'ERR_LIFECYCLE_ABORTED',
  timeout: 'ERR_LIFECYCLE_ABORTED',
  'parse-error': 'ERR_LIFECYCLE_ABORTED',
  detached: 'ERR_LIFECYCLE_ABORTED',
}

/** What the signals of an aborted exchange have for a reason. */
export function abortError(reason: AbortReason): LifecycleError {
  return new LifecycleError(abortCodes[reason], `The exchange was aborted: ${reason}.`)
}
