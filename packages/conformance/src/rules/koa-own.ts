import assert from 'node:assert/strict'
import type { createLifecycle } from '@afterword/adapter-koa'
import type Koa from 'koa'
import type { App, AppOptions, Rig } from '../rig.js'

/** Makes an application with Koa's own means. */
export type Build = (app: Koa, lifecycle: ReturnType<typeof createLifecycle>) => void

/** Serves an application of Koa's own making, and gives the messages of its 'error' events. */
export async function serve(
  rig: Rig,
  build: Build,
  use: (app: App, emitted: readonly string[]) => Promise<void>,
  options?: AppOptions,
): Promise<void> {
  assert(rig.serveOwn)
  const emitted: string[] = []
  await rig.serveOwn(
    (app: Koa, lifecycle) => {
      app.on('error', (error: Error) => emitted.push(error.message))
      build(app, lifecycle)
    },
    (app) => use(app, emitted),
    options,
  )
}
