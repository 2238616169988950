import assert from 'node:assert/strict'
import type { createLifecycle } from '@afterword/adapter-fastify'
import type { AbortPosition, AbortReason, Outcome } from '@afterword/lifecycle-core'
import type { FastifyInstance } from 'fastify'
import type { App, AppOptions, Rig } from '../rig.js'

/** Makes an application with Fastify's own means. */
export type Build = (app: FastifyInstance, lifecycle: ReturnType<typeof createLifecycle>) => unknown

/** Serves an application of Fastify's own making, with the plugin registered first. */
export function serve(rig: Rig, build: Build, use: (app: App) => Promise<void>, options?: AppOptions): Promise<void> {
  return serveBare(
    rig,
    async (app, lifecycle) => {
      await app.register(lifecycle.plugin)
      await build(app, lifecycle)
    },
    use,
    options,
  )
}

/** The same with nothing registered. */
export function serveBare(rig: Rig, build: Build, use: (app: App) => Promise<void>, options?: AppOptions): Promise<void> {
  assert(rig.serveOwn)
  return rig.serveOwn(build, use, options)
}

/** Checks how the one exchange of an application ended, and that it ended once. */
export async function ended(app: App, reason: AbortReason | null, position: AbortPosition | null): Promise<Outcome> {
  const outcome = await app.outcome()
  await app.lifecycle.idle()
  assert.deepEqual(
    { kind: outcome.kind, reason: outcome.reason, position: outcome.position },
    { kind: reason === null ? 'finished' : 'aborted', reason, position },
  )
  assert.equal(app.outcomes.length, 1)
  return outcome
}
