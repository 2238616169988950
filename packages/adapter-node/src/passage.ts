import type { AnyResponse } from './head.js'

/** The methods through which a reply leaves; `pipe` writes and ends. */
const names = ['writeHead', 'write', 'end', 'flushHeaders', 'addTrailers'] as const

/** One of the methods through which a reply leaves. */
export type MethodName = (typeof names)[number]

/** A method of a response. */
export type Method = (...args: unknown[]) => unknown

/** Takes a call; `method` is what would have been called. */
type Enter = (name: MethodName, method: Method, args: unknown[]) => unknown

type Methods = Record<MethodName, Method>

const slot = Symbol.for('afterword.passage')

/** Returns the passage of a response, and builds it when it has none. */
export function passageOf(res: AnyResponse): Passage {
  const marked = res as { [slot]?: Passage }
  marked[slot] ??= new Passage(res)
  return marked[slot]
}

/**
 * Stands before the methods of a response, and stays the outermost: whatever middleware assigns later is wrapped as
 * well. So no middleware sees a reply that is not going to be sent. Compression, and sessions that hold `end`, take one
 * reply per response and would swallow the error page after it.
 */
export class Passage {
  /** Takes every call, if somebody holds the response. */
  enter: Enter | undefined = undefined
  /** Sees what passes, if somebody captures it. */
  watcher: ((name: MethodName, args: readonly unknown[]) => void) | undefined = undefined
  private isEnding = false
  private readonly res: Methods
  /** What stands behind each method, and the wrapper that was handed out for it. */
  private readonly inner: Partial<Methods> = {}
  private readonly outer: Partial<Methods> = {}

  constructor(res: AnyResponse) {
    this.res = res as unknown as Methods
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

  /** Calls a method. What middleware calls further in was seen when it was called from outside. */
  pass(name: MethodName, method: Method, args: unknown[]): unknown {
    if (this.watcher === undefined || this.isEnding || method !== this.inner[name]) return method.apply(this.res, args)
    this.watcher(name, args)
    // Over HTTP/2 `end` writes through `write`.
    this.isEnding = name === 'end'
    try {
      return method.apply(this.res, args)
    } finally {
      this.isEnding = false
    }
  }

  /** Puts the methods back, unless somebody still watches. Wrappers that were handed out pass everything on. */
  leave(): void {
    if (this.watcher !== undefined) return
    delete (this.res as { [slot]?: Passage })[slot]
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
    const wrapper = (...args: unknown[]): unknown => (this.enter === undefined ? this.pass(name, method, args) : this.enter(name, method, args))
    innerOf.set(wrapper, method)
    return wrapper
  }
}

const innerOf = new WeakMap<Method, Method>()
