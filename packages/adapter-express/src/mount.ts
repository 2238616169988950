import type { ServerResponse } from 'node:http'
import { type Application, type Layer, type Request, routerOf } from './routing.js'

/** What comes before the first middleware: nothing, or what Express 4 puts into every application by itself. */
const beforeFirst: readonly string[] = ['', 'query,expressInit']

/**
 * Lets middleware know the application that it is mounted on, at that moment. Express tells whatever looks like an
 * application where it is mounted, and wraps it in a layer that middleware does not need.
 */
export function whenMounted(mount: (...args: never[]) => unknown, tell: (app: Application, isFirst: boolean) => void): void {
  const emit = (_event: string, app: Application): void => {
    const { stack } = routerOf(app) ?? { stack: [] }
    const layer = stack.at(-1)
    if (layer !== undefined) Object.assign(layer, { handle: mount, name: mount.name })
    const { mountpath } = mount as { mountpath?: unknown }
    const before = stack.slice(0, -1).map(({ name }: Layer) => name).join()
    tell(app, mountpath === '/' && beforeFirst.includes(before))
  }
  // Not enumerable: it is no application for anybody else.
  Object.defineProperties(mount, { handle: { value: mount }, set: { value: true }, emit: { value: emit } })
}

/**
 * Calls a function with every request of an application before Express does. Express then replaces the prototypes of the
 * request and the response, after which it takes longer to give either of them a property.
 */
export function callFirst(app: Application, call: (req: Request, res: ServerResponse) => void): void {
  const { handle } = app
  app.handle = (req, res, done) => {
    call(req, res)
    handle.call(app, req, res, done)
  }
}
