import type { HeaderValue } from '@afterword/lifecycle-core'
import { type HeadFields, merge } from './fields.js'
import { checkStatus, NodeHead } from './head.js'

/** Fields that describe the dropped reply, and would be wrong for its error page. */
const ofReply = /^(?:content-(?!security-policy)|etag$|last-modified$|cache-control$|expires$|accept-ranges$|location$|set-cookie$|trailer$|transfer-encoding$)/

/** The head of a held reply. Its status is kept here, because while the reply waits others may still assign theirs. */
export class HeldHead extends NodeHead {
  /** Whether a hook is changing a field right now. */
  isChanging = false
  private code = 0
  private message: string | undefined = undefined
  private reason: unknown = undefined
  private given: string[] = []

  /** Takes what was given to `writeHead`. */
  take(status: number, reason: unknown, fields: HeadFields | null | undefined): void {
    const before = new Set(this.res.getHeaderNames())
    merge(this.res, fields)
    this.given = this.res.getHeaderNames().filter((name) => !before.has(name))
    this.res.statusCode = status
    this.reason = typeof reason === 'string' ? reason : undefined
  }

  /** The reply begins to wait. */
  begin(): void {
    this.code = this.res.statusCode
    // HTTP/2 has none, and warns when it is asked.
    if (!('stream' in this.res)) this.message = this.res.statusMessage
  }

  /** The reply goes out. */
  apply(): void {
    this.res.statusCode = this.code
    if (!('stream' in this.res)) this.res.statusMessage = this.message as string
  }

  /** What is left to give to `writeHead`. */
  args(): unknown[] {
    return [this.code, this.reason]
  }

  /** The reply was dropped: its error page starts from what the middleware before it has set. */
  clear(): void {
    for (const name of this.res.getHeaderNames()) {
      if (ofReply.test(name) || this.given.includes(name)) this.res.removeHeader(name)
    }
    this.res.statusCode = 200
    if (!('stream' in this.res)) this.res.statusMessage = undefined as unknown as string
  }

  override get status(): number {
    return this.code
  }

  override set status(status: number) {
    checkStatus(status)
    if (status === this.code) return
    this.code = status
    this.message = ''
    this.reason = undefined
  }

  override setHeader(name: string, value: HeaderValue): void {
    this.change(() => super.setHeader(name, value))
  }

  override appendHeader(name: string, value: string | readonly string[]): void {
    this.change(() => super.appendHeader(name, value))
  }

  override removeHeader(name: string): void {
    this.change(() => super.removeHeader(name))
  }

  private change(call: () => void): void {
    this.isChanging = true
    try {
      call()
    } finally {
      this.isChanging = false
    }
  }
}

