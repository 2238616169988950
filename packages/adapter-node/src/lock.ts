import type { Below } from './call-site.js'
import type { AnyResponse } from './head.js'
import { type HeldResponse, holdOf } from './hold.js'
import { claimHeld, containHeld } from './second-reply.js'

/**
 * What a held response says of itself: that it was replied. Otherwise other middleware would reply a second time. Not
 * `finished`: by that Node tells a connection that may be closed as idle.
 */
const facts: PropertyDescriptorMap & ThisType<AnyResponse> = {
  headersSent: fact(() => true),
  writableEnded: fact((hold) => hold.hasEnded),
  writableNeedDrain: fact((hold) => hold.needsDrain && !hold.hasEnded),
  writableLength: fact((hold) => hold.bytes),
  setHeader: guarded('setHeader'),
  setHeaders: guarded('setHeaders'),
  appendHeader: guarded('appendHeader'),
  removeHeader: guarded('removeHeader'),
}

const names = Object.keys(facts)

const covered = Symbol('afterword.covered')

/** Own properties that were there before, by name. */
type Locked = AnyResponse & { [covered]?: Map<string, PropertyDescriptor> }

/** Makes a response look as replied. */
export function lock(res: AnyResponse): void {
  for (const name of names) {
    const own = Object.getOwnPropertyDescriptor(res, name)
    if (own !== undefined) ((res as Locked)[covered] ??= new Map()).set(name, own)
  }
  Object.defineProperties(res, facts)
  claimHeld(res, lock)
}

/** Takes that back. */
export function unlock(res: AnyResponse): void {
  for (const name of names) {
    const own = (res as Locked)[covered]?.get(name)
    if (own === undefined) delete (res as unknown as Record<string, unknown>)[name]
    else Object.defineProperty(res, name, own)
  }
}

/** What Node throws when the head was written. */
export function headSent(res: AnyResponse): Error {
  const code = 'stream' in res ? 'ERR_HTTP2_HEADERS_SENT' : 'ERR_HTTP_HEADERS_SENT'
  return Object.assign(new Error('Cannot set headers after they are sent to the client'), { code })
}

function fact(tell: (hold: HeldResponse) => unknown): PropertyDescriptor {
  return {
    configurable: true,
    get(this: AnyResponse) {
      return tell(holdOf(this) as HeldResponse)
    },
  }
}

/** The hooks change the head through this, too; nobody else may. */
function guarded(name: 'setHeader' | 'setHeaders' | 'appendHeader' | 'removeHeader'): PropertyDescriptor {
  const descriptor: PropertyDescriptor = {
    configurable: true,
    writable: true,
    value(this: AnyResponse, ...args: unknown[]) {
      if (holdOf(this)?.head.isChanging !== true) {
        if (containHeld(this, name, descriptor.value as Below)) return this
        throw headSent(this)
      }
      const own = (this as Locked)[covered]?.get(name)?.value as ((...args: unknown[]) => unknown) | undefined
      return (own ?? (Object.getPrototypeOf(this) as Record<string, (...args: unknown[]) => unknown>)[name])?.apply(this, args)
    },
  }
  return descriptor
}
