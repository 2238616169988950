import { createLifecycle as onExpress } from '@afterword/adapter-express'
import { createLifecycle as onFastify } from '@afterword/adapter-fastify'
import type { Application } from 'express'
import type { FastifyInstance } from 'fastify'
import { expect, vi } from 'vitest'
import { expressRigs } from '../../src/rigs/express.js'
import { fastify } from '../../src/rigs/fastify.js'
import type { App, AppOptions, Rig } from '../../src/rig.js'

// Some of these packages take long to load, and machines are busy.
vi.setConfig({ testTimeout: 30_000 })

type Serve<Framework, Lifecycle> = (
  build: (app: Framework, lifecycle: Lifecycle) => unknown,
  use: (app: App) => Promise<void>,
  options?: AppOptions,
) => Promise<void>

/** Serves an Express 5 application on a real port. */
export const serveExpress = (expressRigs[0] as Rig).serveOwn as Serve<Application, ReturnType<typeof onExpress>>

/** Serves a Fastify application on a real port. */
export const serveFastify = fastify.serveOwn as Serve<FastifyInstance, ReturnType<typeof onFastify>>

/** Where the lifecycle is mounted, as seen from the other middleware. */
export const places = ['before', 'after'] as const

/** Waits until the n-th exchange has ended and everything behind it is done, and checks that nothing else happened. */
export async function ended(app: App, expected: object, n = 1): Promise<void> {
  expect(await app.outcome(n)).toMatchObject(expected)
  await app.lifecycle.idle()
  expect(app.outcomes).toHaveLength(n)
  expect(app.faults).toEqual([])
}

/** How an exchange ends whose client left. */
export const left = (position: 'before-commit' | 'mid-response') => ({ kind: 'aborted', reason: 'client', position })
