import type { AnyResponse } from './head.js'

/** The methods through which a reply leaves; `pipe` writes and ends. */
const names = ['writeHead', 'write', 'end', 'flushHeaders', 'addTrailers'] as const

/** One of the methods through which a reply leaves. */
export type MethodName = (typeof names)[number]

/** A method of a response. */
export type Method = (...args: unknown[]) => unknown

/** Takes every call; `method` is what would have been called. */
type Enter = (name: MethodName, method: Method, args: unknown[]) => unknown

type Methods = Record<MethodName, Method>

/**
 * Stands before the methods of a response, and stays the outermost: whatever middleware assigns later is wrapped as
 * well. So no middleware sees a reply that is not going to be sent. Compression, and sessions that hold `end`, take one
 * reply per response and would swallow the error page after it.
 */
export class Passage {
  private readonly res: Methods
  private readonly enter: Enter
  /** What stands behind each method, and the wrapper that was handed out for it. */
  private readonly inner: Partial<Methods> = {}
  private readonly outer: Partial<Methods> = {}

  constructor(res: AnyResponse, enter: Enter) {
    this.res = res as unknown as Methods
    this.enter = enter
    for (const name of names) {
      this.inner[name] = this.res[name]
      Object.defineProperty(res, name, {
        configurable: true,
        enumerable: true,
        get: () => (this.outer[name] ??= this.wrap(name, this.inner[name] as Method)),
        set: (method: Method) => {
          this.assign(name, method)
        },
      })
    }
  }

  /** Puts the methods back as they would be without it. Wrappers that were handed out pass everything on. */
  leave(): void {
    for (const name of names) {
      const inner = this.inner[name] as Method
      delete (this.res as Partial<Methods>)[name]
      if (this.res[name] !== inner) this.res[name] = inner
    }
  }

  private assign(name: MethodName, method: Method): void {
    const wrapped = innerOf.get(method)
    this.inner[name] = wrapped ?? method
    delete this.outer[name]
    // Middleware that puts back what it found.
    if (wrapped !== undefined) this.outer[name] = method
  }

  private wrap(name: MethodName, method: Method): Method {
    const { enter } = this
    const wrapper = (...args: unknown[]): unknown => enter(name, method, args)
    innerOf.set(wrapper, method)
    return wrapper
  }
}

const innerOf = new WeakMap<Method, Method>()
