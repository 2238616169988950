import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Fault, LifecycleOptions, Outcome } from '@afterword/lifecycle-core'
import { askHttp1 } from './client.js'
import { Latch } from './latch.js'
import type { App, AppOptions } from './rig.js'

/** Records what a lifecycle tells, on top of the options of the rule. */
export class Probe {
  private readonly outcomes = new Latch<Outcome>()
  private readonly faults = new Latch<{ error: unknown; fault: Fault }>()

  options({ server: _server, before: _before, listener: _listener, defaultSink, unwatched, ...options }: AppOptions): LifecycleOptions {
    const onError: LifecycleOptions['onError'] = (error, fault) => {
      this.faults.add({ error, fault })
      return options.onError?.(error, fault)
    }
    const onOutcome: LifecycleOptions['onOutcome'] = (outcome, exchange) => {
      this.outcomes.add(outcome)
      return options.onOutcome?.(outcome, exchange)
    }
    return {
      ...options,
      ...(defaultSink !== true && options.logger === undefined && { onError }),
      ...(unwatched !== true && { onOutcome }),
    }
  }

  app(lifecycle: App['lifecycle'], server: Server, ask = askHttp1): App {
    const { port } = server.address() as AddressInfo
    return {
      lifecycle,
      server,
      port,
      ask: (path = '/', question = {}) => ask(port, path, question),
      outcomes: this.outcomes.items,
      faults: this.faults.items,
      outcome: (n = 1) => this.outcomes.nth(n),
      fault: (n = 1) => this.faults.nth(n),
    }
  }
}

/** Listens on an ephemeral port of the loopback interface. */
export async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
}

/** Ends a server and every connection it still has. */
export async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections?.()
  await closed
}
