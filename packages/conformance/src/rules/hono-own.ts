import assert from 'node:assert/strict'
import type { createLifecycle } from '@afterword/adapter-hono'
import type { HttpBindings } from '@hono/node-server'
import type { Hono } from 'hono'
import type { App, AppOptions, Rig } from '../rig.js'

/** Makes an application with Hono's own means. */
export type Build = (app: Hono<{ Bindings: HttpBindings }>, lifecycle: ReturnType<typeof createLifecycle>) => void

/** Serves an application of Hono's own making, with the middleware mounted first, and gives what was written to stderr. */
export async function serve(
  rig: Rig,
  build: Build,
  use: (app: App, printed: readonly unknown[]) => Promise<void>,
  options?: AppOptions,
): Promise<void> {
  assert(rig.serveOwn)
  const { error, info } = console
  const printed: unknown[] = []
  console.error = console.info = (...args: unknown[]) => void printed.push(...args)
  try {
    await rig.serveOwn(
      (app, lifecycle) => {
        app.use(lifecycle.middleware)
        build(app, lifecycle)
      },
      (app) => use(app, printed),
      options,
    )
  } finally {
    Object.assign(console, { error, info })
  }
}
