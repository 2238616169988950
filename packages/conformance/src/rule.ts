import type { Rig } from './rig.js'

/** What a server may lack. A rule that needs it is then left out, with the rig's reason. */
export type Capability =
  /** Plain HTTP/1.1 bytes on a TCP connection. */
  | 'http1'
  /** HTTP/2 through Node's compatibility API. */
  | 'http2'
  /** Requests without a socket. */
  | 'inject'
  /** The rig answers with Node's own `ServerResponse`. */
  | 'express'
  | 'fastify'
  | 'node'
  /** Something may run before the mount. */
  | 'before'
  /** The mount may run after the response has ended. */
  | 'late-mount'
  /** A handler may throw, and the server answers with an error page. */
  | 'error-page'

/** One thing that every server must do. Ids are permanent: a rule that goes takes its id with it. */
export interface Rule {
  /** A group and a number, such as `END-014`. */
  readonly id: string
  /** Starts with MUST. */
  readonly title: string
  readonly needs?: readonly Capability[]
  /** Rejects when the rule is broken. */
  run(rig: Rig): Promise<void>
}
