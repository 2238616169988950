import type { IncomingMessage, ServerResponse } from 'node:http'

/** Writes a line of what happens. */
export type Print = (line: string) => void

type Next = (error?: unknown) => void
type Middleware = (req: IncomingMessage, res: ServerResponse, next: Next) => void
type ErrorMiddleware = (error: unknown, req: IncomingMessage, res: ServerResponse, next: Next) => void

/** The four of the question: "how do I stop the rest of my middleware after a response was sent?" */
export interface Chain {
  readonly f1: Middleware
  readonly f2: Middleware
  readonly f3: Middleware
  readonly f4: Middleware
  readonly onError: ErrorMiddleware
}

/** Makes the chain. The same functions run on Express and on `node:http`. */
export function makeChain(print: Print): Chain {
  return {
    f1(_req, _res, next) {
      print('f1 goes on')
      next()
    },
    f2(_req, res, next) {
      print('f2 replies, and goes on all the same')
      res.end('from f2')
      next()
    },
    f3(_req, _res, next) {
      print('f3 runs for a request that has its answer')
      next()
    },
    f4(_req, res) {
      print('f4 replies once more')
      res.setHeader('content-type', 'text/plain')
      res.end('from f4')
    },
    onError(error, _req, _res, _next) {
      print(`error middleware: ${(error as NodeJS.ErrnoException).code}`)
    },
  }
}
