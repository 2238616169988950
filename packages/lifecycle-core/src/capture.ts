import { LifecycleError } from './errors.js'

/** What is kept of a response body. */
export interface CaptureOptions {
  /** The most that is kept, in bytes. Default: 65 536 (64 KiB). */
  limit?: number
  /** Media types to keep, such as `application/json` or `text/*`. Default: all of them. */
  types?: readonly string[]
}

/** The body that was sent, as far as it was kept. Readable until the exchange has drained. */
export interface CapturedBody {
  /** Whether there was more than `limit`. */
  readonly truncated: boolean
  /** Decoded with the charset of the response, or as UTF-8. */
  text(): string
  /** As it was sent: a copy. */
  bytes(): Uint8Array
}

/** Collects the body of one response. */
export class Capture implements CapturedBody {
  private readonly limit: number
  private readonly types: readonly string[] | undefined
  private chunks: Uint8Array[] | undefined = []
  private kept = 0
  private size = 0
  private type = ''

  constructor({ limit = 65_536, types }: CaptureOptions) {
    this.limit = limit
    this.types = types?.map((type) => type.toLowerCase())
  }

  get truncated(): boolean {
    return this.size > this.kept
  }

  /** How many bytes more would be kept. */
  get room(): number {
    return this.chunks === undefined ? 0 : this.limit - this.kept
  }

  /** Takes the beginning of a chunk that nobody else will change, and the size of all of it. */
  take(bytes: Uint8Array, size: number): void {
    this.size += size
    if (bytes.byteLength === 0) return
    this.chunks?.push(bytes)
    this.kept += bytes.byteLength
  }

  /** Whether a body of this type is kept. The last type that was asked about counts. */
  wants(type: string): boolean {
    this.type = type
    const [essence = ''] = type.toLowerCase().split(';')
    return this.types === undefined || this.types.some((each) => matches(each, essence.trim()))
  }

  text(): string {
    return decode(this.bytes(), this.type)
  }

  /** Copies what was kept. */
  bytes(): Uint8Array {
    const { chunks } = this
    if (chunks === undefined) {
      throw new LifecycleError('ERR_LIFECYCLE_BODY_RELEASED', 'outcome.body was read when the exchange had drained. Read it in a task.')
    }
    const all = new Uint8Array(this.kept)
    let offset = 0
    for (const chunk of chunks) {
      all.set(chunk, offset)
      offset += chunk.byteLength
    }
    return all
  }

  /** Lets go of what was kept. */
  release(): void {
    this.chunks = undefined
  }

  /** A body is not for logs unless somebody asks for its text. */
  toJSON(): object {
    return { size: this.size, truncated: this.truncated }
  }
}

function matches(wanted: string, essence: string): boolean {
  return wanted === essence || wanted === '*/*' || (wanted.endsWith('/*') && essence.startsWith(wanted.slice(0, -1)))
}

function decode(bytes: Uint8Array, type: string): string {
  try {
    return new TextDecoder(/;\s*charset="?([^\s;"]+)/i.exec(type)?.[1]).decode(bytes)
  } catch {
    // A charset that nobody knows.
    return new TextDecoder().decode(bytes)
  }
}
