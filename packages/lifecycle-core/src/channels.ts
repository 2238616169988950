import { channel, type Channel } from 'node:diagnostics_channel'

/**
 * The names of the diagnostics channels, each with what is published on it.
 *
 * @see https://nodejs.org/api/diagnostics_channel.html
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 * subscribe(channelNames.exchangeEnd, (message) => console.log(message))
 * ```
 */
export const channelNames = {
  /** `{ exchange }`, when a request was received. Published synchronously, before the handler runs. */
  exchangeStart: 'afterword:exchange:start',
  /** `{ exchange, status }`, right after the head was written. Published synchronously. */
  exchangeCommit: 'afterword:exchange:commit',
  /** `{ exchange, outcome }`, once the exchange has ended, in a later turn. */
  exchangeEnd: 'afterword:exchange:end',
  /** `{ exchange }`, once the exchange has ended and every task has settled. */
  exchangeDrained: 'afterword:exchange:drained',
  /** `{ exchange, task }`, right before a task starts. */
  taskStart: 'afterword:task:start',
  /** `{ exchange, task, error? }`, once a task has settled. */
  taskEnd: 'afterword:task:end',
  /** `{ lifecycle }`, when a drain begins. Published synchronously. */
  drainStart: 'afterword:drain:start',
  /** `{ lifecycle, report }`, when it has ended. */
  drainEnd: 'afterword:drain:end',
  /**
   * `{ exchange, claimedAt, calledAt }`, when the guard stopped a chain: `next()` was called after the response was
   * claimed. The places are `null` unless call sites are noted. Published synchronously.
   */
  nextStopped: 'afterword:guard:next',
  /** `{ exchange, method, error }`, for every second reply that the guard met. Published synchronously. */
  doubleReply: 'afterword:guard:reply',
  /** `{ error, fault }`, for every fault, besides the sink. */
  fault: 'afterword:fault',
} as const

/** The channels themselves; the process holds one per name, whichever copy of the package asks. */
export const channels: { readonly [name in keyof typeof channelNames]: Channel } = {
  exchangeStart: channel(channelNames.exchangeStart),
  exchangeCommit: channel(channelNames.exchangeCommit),
  exchangeEnd: channel(channelNames.exchangeEnd),
  exchangeDrained: channel(channelNames.exchangeDrained),
  taskStart: channel(channelNames.taskStart),
  taskEnd: channel(channelNames.taskEnd),
  drainStart: channel(channelNames.drainStart),
  drainEnd: channel(channelNames.drainEnd),
  nextStopped: channel(channelNames.nextStopped),
  doubleReply: channel(channelNames.doubleReply),
  fault: channel(channelNames.fault),
}
