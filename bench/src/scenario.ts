import { type ServerName, serverNames } from './servers/application.js'

/** What a row of the report is: something to compare with, this library, or another package. */
type Kind = 'floor' | 'ours' | 'peer'

/** How long a run must be to include a scenario: `quick`, the default, or `full`. */
export type Tier = 1 | 2 | 3

/** One way of handling a request that is measured. Its application is in `servers/`, under the same id. */
export interface Scenario {
  readonly id: string
  /** As the report shows it. */
  readonly title: string
  readonly kind: Kind
  readonly tier: Tier
  /** Default: all of them. */
  readonly servers?: readonly ServerName[]
  /** Calls of the measured function per request; checked before measuring. Default: 0, unchecked. */
  readonly calls?: number
  /** A header that the response must have. */
  readonly header?: string
  /** Another scenario that the report compares it with, besides the base and the bare server. */
  readonly beside?: string
  /** Whether a promise is about it: it is measured as often as the time allows, the others twice. */
  readonly isPromised?: true
}

const onNode = ['node'] as const

/** Everything that is measured per request. Of a tier, what promises are about comes first: it shares few heats then. */
export const scenarios: readonly Scenario[] = [
  { id: 'bare', title: 'bare server', kind: 'floor', tier: 1 },
  { id: 'noop', title: 'no-op in our place', kind: 'floor', tier: 1, servers: ['express', 'fastify'] },
  { id: 'floor', title: 'one object, one listener, writeHead', kind: 'floor', tier: 2, isPromised: true },
  { id: 'floor-task', title: 'the same, and a function in a later turn', kind: 'floor', tier: 2, calls: 1, isPromised: true },
  { id: 'als-run', title: 'AsyncLocalStorage.run alone', kind: 'floor', tier: 2, isPromised: true },

  { id: 'idle', title: 'mounted, idle', kind: 'ours', tier: 1, isPromised: true },
  { id: 'idle-untimed', title: 'mounted, idle, timings off', kind: 'ours', tier: 3 },
  { id: 'idle-ambient', title: 'mounted, idle, ambient context', kind: 'ours', tier: 2, beside: 'als-run', isPromised: true },
  { id: 'on-commit', title: 'one onCommit', kind: 'ours', tier: 2, calls: 1, header: 'x-bench' },
  { id: 'outcome', title: 'outcome with timestamps', kind: 'ours', tier: 2, calls: 1 },
  { id: 'after-1', title: '1 task, sync', kind: 'ours', tier: 1, calls: 1, isPromised: true },
  { id: 'after-1-async', title: '1 task, async', kind: 'ours', tier: 3, calls: 1 },
  { id: 'after-10', title: '10 tasks, sync', kind: 'ours', tier: 3, calls: 10 },
  { id: 'after-10-async', title: '10 tasks, async', kind: 'ours', tier: 3, calls: 10 },
  { id: 'after-100', title: '100 tasks, sync', kind: 'ours', tier: 3, calls: 100 },
  { id: 'after-100-async', title: '100 tasks, async', kind: 'ours', tier: 3, calls: 100 },
  { id: 'ambient-after-1', title: '1 task, ambient after()', kind: 'ours', tier: 3, calls: 1, beside: 'als-run' },
  { id: 'ambient-on-commit', title: 'one ambient onCommit()', kind: 'ours', tier: 3, calls: 1, header: 'x-bench', beside: 'als-run' },
  { id: 'guard', title: 'guard on', kind: 'ours', tier: 2, beside: 'idle' },
  { id: 'guard-call-sites', title: 'guard on, call sites', kind: 'ours', tier: 3, beside: 'idle' },
  { id: 'chain', title: '10 middleware behind the mount', kind: 'ours', tier: 3, servers: ['express'], beside: 'idle' },
  { id: 'guard-chain', title: 'guard on, 10 middleware', kind: 'ours', tier: 3, servers: ['express'], beside: 'chain' },
  { id: 'before-commit', title: 'one async beforeCommit', kind: 'ours', tier: 2, calls: 1, header: 'x-bench' },
  { id: 'before-commit-sync', title: 'one sync beforeCommit', kind: 'ours', tier: 3, calls: 1, header: 'x-bench' },
  { id: 'payload', title: 'one onPayload', kind: 'ours', tier: 3, servers: ['express', 'fastify'], calls: 1 },
  { id: 'body', title: 'body capture', kind: 'ours', tier: 3 },

  { id: 'close', title: "res.on('close')", kind: 'peer', tier: 3, calls: 1 },
  { id: 'finish', title: "res.on('finish')", kind: 'peer', tier: 3, calls: 1 },
  { id: 'finish-close', title: "'finish' and 'close'", kind: 'peer', tier: 3, calls: 2 },
  { id: 'stream-finished', title: 'stream.finished', kind: 'peer', tier: 3, calls: 1 },
  { id: 'on-response', title: "Fastify's onResponse hook", kind: 'peer', tier: 1, servers: ['fastify'], calls: 1 },
  { id: 'on-finished', title: 'on-finished', kind: 'peer', tier: 3, calls: 1 },
  { id: 'on-headers', title: 'on-headers', kind: 'peer', tier: 3, calls: 1 },
  { id: 'on-finished-on-headers', title: 'on-finished + on-headers', kind: 'peer', tier: 1, calls: 2, isPromised: true },
  { id: 'fastq', title: 'fastq behind close', kind: 'peer', tier: 3, servers: onNode, calls: 1 },
  { id: 'p-queue', title: 'p-queue, as Next does it', kind: 'peer', tier: 2, servers: onNode, calls: 1 },
  { id: 'morgan', title: 'morgan', kind: 'peer', tier: 3, calls: 1 },
  { id: 'pino-http', title: 'pino-http', kind: 'peer', tier: 3, calls: 1 },
  { id: 'opentelemetry', title: 'OpenTelemetry http', kind: 'peer', tier: 2, servers: onNode, calls: 1 },
]

/** What `--against` measures once more with the library of another commit. */
const comparable = (scenario: Scenario): boolean => scenario.kind === 'ours'

/** A scenario on a server, to be measured. */
export interface Variant {
  /** `node/idle`; unique in a run. */
  readonly id: string
  readonly server: ServerName
  /** The name of its application. */
  readonly application: string
  readonly scenario: Scenario
  /** `control`: the base once more, which shows the noise. `other`: the library of another commit. */
  readonly role: 'measured' | 'control' | 'other'
}

/** What a scenario is compared with: on frameworks that charge for any mount, a mount that does nothing. */
export function baseOf(server: ServerName): string {
  return `${server}/${server === 'node' ? 'bare' : 'noop'}`
}

/**
 * The variants of a run: everything up to a tier that matches, what it is compared with, and a control per server.
 * A pattern that matches nothing up to that tier is looked for in all of them.
 */
export function variantsOf(tier: Tier, only: RegExp, withOther: boolean): Variant[] {
  const found = chooseVariants(tier, only, withOther)
  return found.length > 0 ? found : chooseVariants(3, only, withOther)
}

function chooseVariants(lowest: Tier, only: RegExp, withOther: boolean): Variant[] {
  return serverNames.flatMap((server) => {
    const here = scenarios.filter(({ servers }) => (servers ?? serverNames).includes(server))
    const idOf = (scenario: Scenario) => `${server}/${scenario.id}`
    const chosen = here.filter((scenario) => scenario.tier <= lowest && (only.test(idOf(scenario)) || only.test(scenario.title)))
    if (chosen.length === 0) return []
    const base = baseOf(server)
    const needed = new Set([base, `${server}/bare`, ...chosen.map(({ beside }) => `${server}/${beside}`)])
    return here.flatMap((scenario): Variant[] => {
      const id = idOf(scenario)
      if (!chosen.includes(scenario) && !needed.has(id)) return []
      const variant: Variant = { id, server, application: scenario.id, scenario, role: 'measured' }
      const more: Variant[] = []
      if (id === base) more.push({ ...variant, id: `${id} again`, role: 'control' })
      if (withOther && comparable(scenario)) more.push({ ...variant, id: `${id} other`, role: 'other' })
      return [variant, ...more]
    })
  })
}
