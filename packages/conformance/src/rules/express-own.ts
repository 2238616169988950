import assert from 'node:assert/strict'
import type { createLifecycle } from '@afterword/adapter-express'
import type { Application } from 'express'
import express5 from 'express'
import express4 from 'express4'
import type { App, AppOptions, Rig } from '../rig.js'

/** Makes an application with Express's own means. */
export type Build = (app: Application, lifecycle: ReturnType<typeof createLifecycle>, express: typeof express5) => void

/** Serves an application of Express's own making. */
export function serve(rig: Rig, build: Build, use: (app: App) => Promise<void>, options?: AppOptions): Promise<void> {
  assert(rig.serveOwn)
  const express = rig.name === 'express4' ? (express4 as unknown as typeof express5) : express5
  return rig.serveOwn((app, lifecycle) => build(app, lifecycle, express), use, options)
}
