import type { Rig } from '../rig.js'
import { expressRigs } from './express.js'
import { fastify } from './fastify.js'
import { hono } from './hono.js'
import { http2 } from './http2.js'
import { koa } from './koa.js'
import { node, nodeAttach } from './node.js'

/** Every server that this repository binds. */
export const rigs: readonly Rig[] = [node, nodeAttach, http2, ...expressRigs, fastify, koa, hono]
