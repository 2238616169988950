/** What adapter authors see, besides everything in the index. Start with {@link Binding}. */
export type { Binding, Gate, Hold, Host, Signals } from './binding.js'
export { channels } from './channels.js'
export { drainRequirements } from './drain.js'
export { ServerExchange } from './exchange.js'
export { exchangeOf, Lifecycle } from './lifecycle.js'
export { check, isMs, type Requirements } from './options.js'
export { hasEnded, isOpen, nextPhase, type PhaseSignal } from './phase.js'
export { isThenable, settle } from './sink.js'
