import type { Rig } from './rig.js'

/** What a server may lack. A rule that needs it is then left out, with the rig's reason. */
export type Capability =
  /** Plain HTTP/1.1 bytes on a TCP connection. */
  | 'http1'
  /** HTTP/2 through Node's compatibility API. */
  | 'http2'
  /** Requests without a socket. */
  | 'inject'
  /** Something may run before the mount. */
  | 'before'
  /** The mount sees the promise that the handler returns. */
  | 'handler-promise'
  /** The mount may run after the response has ended. */
  | 'late-mount'
  /** A handler may throw, and the server answers with an error page. */
  | 'error-page'
  /** Handlers reply with values, which are serialized for them. */
  | 'payload'
  /** The framework answers for a reply that a hook refused. Without it the adapter does, and the sink hears of it. */
  | 'refusal-page'
  /** The mount hears of what a handler throws. */
  | 'handler-error'
  /** Replying by the framework's own means sends the reply, and the next one is a second. */
  | 'reply-at-once'
  /** The handler is given to `listener()`, which sees to what it rejects with. */
  | 'listener'

/** What has rules of its own. */
export const frameworks = ['node', 'express', 'fastify', 'koa', 'hono'] as const

/** What has rules of its own. Others leave those rules out, and need not say so. */
export type Framework = (typeof frameworks)[number]

/** One thing that every server must do. Ids are permanent: a rule that goes takes its id with it. */
export interface Rule {
  /** A group and a number, such as `END-014`. */
  readonly id: string
  /** Starts with MUST. */
  readonly title: string
  /**
   * `answers-faults`: the adapter itself answers for handlers that throw. `counted-faults`: it does, or it is known where
   * the framework's errors go.
   */
  readonly needs?: readonly (Capability | Framework | 'answers-faults' | 'counted-faults')[]
  /** Rejects when the rule is broken. */
  run(rig: Rig): Promise<void>
}
