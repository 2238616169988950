import type { Binding, Signals } from '../src/binding.js'
import { ServerExchange } from '../src/server-exchange.js'
import { Lifecycle } from '../src/lifecycle.js'
import type { LifecycleOptions } from '../src/options.js'

/** A response that does what a test tells it. */
export class FakeResponse {
  signals: Signals | undefined = undefined
  written = false
  destroyed = 0
  asked = 0
  head: unknown = undefined
  bytes: number | null = null
  route: string | undefined = undefined
  /** Runs when the response is attached, as a mount that comes late would. */
  onAttach: ((signals: Signals) => void) | undefined = undefined
}

/** A binding without a server: tests call the signals themselves. */
const fakeBinding: Binding<FakeResponse> = {
  attach(res, signals) {
    res.signals = signals
    res.onAttach?.(signals)
  },
  endConnection: (res) => void res.asked++,
  isWritten: (res) => res.written,
  destroy: (res) => void res.destroyed++,
  writtenHead: (res) => res.head,
  writtenBytes: (res) => res.bytes,
  parseHead: (head) => ({ ...(head as Record<string, string>) }),
  route: (res) => res.route,
}

/** A lifecycle that keeps what reaches its sink. */
export class TestLifecycle extends Lifecycle {
  readonly faults: { error: unknown; source: string; task: string | null }[]

  constructor(options: LifecycleOptions = {}) {
    const faults: TestLifecycle['faults'] = []
    super({ onError: (error, { source, task }) => faults.push({ error, source, task }), ...options })
    this.faults = faults
  }

  get codes(): unknown[] {
    return this.faults.map(({ error }) => (error as { code?: unknown }).code)
  }

  take(res = new FakeResponse(), method = 'GET', url = '/'): ServerExchange {
    return this.begin(fakeBinding, res, method, url)
  }
}

/** An exchange on a lifecycle of its own, with its response. */
export function openOne(options?: LifecycleOptions): { lifecycle: TestLifecycle; res: FakeResponse; exchange: ServerExchange } {
  const lifecycle = new TestLifecycle(options)
  const res = new FakeResponse()
  return { lifecycle, res, exchange: lifecycle.take(res) }
}
