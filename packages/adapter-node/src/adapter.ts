/** What the guard offers to the adapters of frameworks that stand on Node's responses. */
export { exempt, hasAfterwards, isAfterwards } from './afterwards.js'
export { claimOf } from './claim.js'
export { secondReply } from './second-reply.js'
export { callAfterClaim, stoppedExchange, tellStopped } from './stop.js'
