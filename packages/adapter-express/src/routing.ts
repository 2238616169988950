import type { IncomingMessage, ServerResponse } from 'node:http'

/** What Express's routing has in common on 4 and 5, as far as the guard reads or replaces it. */

/** Goes on; with an error to error middleware, with `'route'` or `'router'` out of where it is. */
export type Next = (error?: unknown) => void

/** A request as Express and everything like it passes it on. */
export type Request = IncomingMessage & { originalUrl?: string; baseUrl?: string; route?: { path?: unknown }; app?: object }

/** Middleware, error middleware and parameter callbacks: they differ in how many parameters they have. */
export type Handler = (...args: unknown[]) => unknown

/** A place in a chain. */
export interface Layer {
  handle: Handler
  name: string
  readonly route?: { readonly stack: Layer[] }
}

/** `express.Router()`, and what every application has inside. */
export interface Router {
  handle(req: Request, res: ServerResponse, out: Next): void
  stack: Layer[]
  readonly params: Readonly<Record<string, Handler[]>>
}

/** `express()`. Version 4 makes its router with the first layer, and throws where version 5 has it. */
export interface Application {
  readonly parent?: Application
  readonly lazyrouter?: unknown
  readonly _router?: Router
  readonly router: Router
  set: unknown
  handle(req: Request, res: ServerResponse, done?: Next): void
}

/** The router of an application, if it has one yet. */
export function routerOf(app: Application): Router | undefined {
  return app.lazyrouter === undefined ? app.router : app._router
}

/** The router that a layer leads to, if it does. */
export function routerBehind({ handle }: Layer): Router | undefined {
  const target = handle as Partial<Router> & Partial<Application>
  if (Array.isArray(target.stack)) return target as Router
  return typeof target.handle === 'function' && target.set !== undefined ? routerOf(target as Application) : undefined
}
